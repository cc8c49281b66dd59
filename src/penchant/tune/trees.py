"""Nested values taken apart into JSON and tensors, and put together again."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor


def taken_apart(tree: Any) -> tuple[Any, dict[str, Tensor]]:
    """Nested dicts, lists and tuples of plain values, tensors and arrays as JSON and tensors.

    >>> plain, tensors = taken_apart({0: {"step": torch.tensor(3.0)}, "rate": (0.1, None)})
    >>> list(tensors)
    ['0']
    >>> put_together(plain, tensors)
    {0: {'step': tensor(3.)}, 'rate': (0.1, None)}
    """
    tensors: dict[str, Tensor] = {}

    def plain(value: Any) -> Any:
        if isinstance(value, dict):  # pairs, as a JSON object would turn the key 0 into "0"
            return {"dict": [[key, plain(part)] for key, part in value.items()]}
        if isinstance(value, tuple | list):
            return {type(value).__name__: [plain(part) for part in value]}
        if isinstance(value, Tensor | np.ndarray):
            tensors[str(len(tensors))] = torch.as_tensor(value)
            kind = "tensor" if isinstance(value, Tensor) else "array"
            return {kind: str(len(tensors) - 1)}
        return value.item() if isinstance(value, np.generic) else value

    return plain(tree), tensors


def put_together(plain: Any, tensors: dict[str, Tensor]) -> Any:
    """What :func:`taken_apart` took apart."""
    if not isinstance(plain, dict):
        return plain
    ((kind, value),) = plain.items()
    if kind == "dict":
        return {key: put_together(part, tensors) for key, part in value}
    if kind in {"tensor", "array"}:
        return tensors[value] if kind == "tensor" else tensors[value].numpy()
    parts = [put_together(part, tensors) for part in value]
    return tuple(parts) if kind == "tuple" else parts
