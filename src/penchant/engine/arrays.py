"""Arrays of a bundle: packed as safetensors, read into memory or mapped from the file."""

from __future__ import annotations

import json
import math
import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.core import State

Arrays = dict[str, NDArray[Any]]

_HEAD = 8
"""Bytes before the header of a safetensors file, which say how long it is."""

_DTYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "F16": "<f2",
    "U32": "<u4", "I32": "<i4", "F32": "<f4", "U64": "<u8", "I64": "<i8", "F64": "<f8",
}  # fmt: skip


def packed(state: State) -> bytes:
    """Arrays as the content of a file."""
    from safetensors.numpy import save

    return bytes(save({name: np.asarray(part, order="C") for name, part in state.items()}))


def unpacked(content: bytes) -> Arrays:
    """Arrays from the content of a file.

    Raises:
        ValueError: it is none.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    # copies: arrays over the bytes are read-only, and torch takes none such without a warning
    try:
        return {name: np.array(part) for name, part in load(content).items()}
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def mapped(path: Path) -> Arrays:
    """Arrays over a file, which all processes that map it have in memory once.

    They may be written to: what is written stays in this process, and never reaches the file.

    Raises:
        ValueError: it is no such file.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    start = _HEAD + int.from_bytes(whole[:_HEAD], "little")
    head = json.loads(whole[_HEAD:start])
    head.pop("__metadata__", None)
    return {name: _array(whole, start, entry) for name, entry in head.items()}


def _array(whole: mmap.mmap, start: int, entry: dict[str, Any]) -> NDArray[Any]:
    kind, shape = np.dtype(_DTYPES[entry["dtype"]]), tuple(entry["shape"])
    count, (begin, end) = math.prod(shape), entry["data_offsets"]
    if end - begin != count * kind.itemsize or begin < 0:
        raise ValueError(f"{end - begin} bytes for {count} numbers of {kind.itemsize}")
    if not count:
        return np.zeros(shape, kind)
    return np.frombuffer(whole, kind, count, start + begin).reshape(shape)
