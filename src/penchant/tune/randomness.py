"""Every source of random numbers of a training, set aside and put back."""

from __future__ import annotations

import base64
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch


def random_state(rngs: Sequence[np.random.Generator]) -> dict[str, Any]:
    """Where every generator stands, as JSON values: the given ones, torch's, Python's, NumPy's."""
    return {
        "given": [_plain(rng.bit_generator.state) for rng in rngs],
        "torch": [_text(state) for state in (torch.get_rng_state(), *_of_gpus())],
        "python": _plain(random.getstate()),
        "numpy": _plain(np.random.get_state(legacy=False)),  # noqa: NPY002 -- libraries draw from it
    }


def set_random_state(state: dict[str, Any], rngs: Sequence[np.random.Generator]) -> None:
    """Let every generator go on from where :func:`random_state` found it."""
    for rng, given in zip(rngs, state["given"], strict=True):
        rng.bit_generator.state = _rich(given)
    cpu, *gpus = (_tensor(text) for text in state["torch"])
    torch.set_rng_state(cpu)
    if gpus and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(gpus)
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    np.random.set_state(_rich(state["numpy"]))  # noqa: NPY002 -- the same


def _of_gpus() -> list[torch.Tensor]:
    # asking would start CUDA; if nothing has, nothing was drawn there
    started: bool = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]  # torch
    return torch.cuda.get_rng_state_all() if started else []


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "of": str(value.dtype)}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value.item() if isinstance(value, np.generic) else value


def _rich(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if set(value) == {"array", "of"}:
        return np.array(value["array"], value["of"])
    return {key: _rich(part) for key, part in value.items()}


def _text(state: torch.Tensor) -> str:
    return base64.b64encode(state.numpy().tobytes()).decode()


def _tensor(text: str) -> torch.Tensor:
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.uint8)
