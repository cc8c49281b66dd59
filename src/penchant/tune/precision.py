"""bfloat16 where it is faster."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

FASTER = 0.6
"""A CPU takes bfloat16 where a matrix product needs at most this share of the time: one without its
instructions needs more than for float32, and casting costs something too."""


def chosen_precision(wish: str, device: torch.device) -> str:
    """``"float32"`` or ``"bfloat16"``.

    Args:
        wish: one of these, or ``"auto"``: a GPU takes bfloat16 if it knows it, a CPU if a matrix
            product is clearly faster with it, measured in some milliseconds.
        device: where the network is.
    """
    if wish != "auto":
        return wish
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    if device.type != "cpu":
        return "float32"
    quick = _seconds(torch.bfloat16) < FASTER * _seconds(torch.float32)
    return "bfloat16" if quick else "float32"


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """The context in which a forward pass has this precision; weights stay float32."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def device_of(network: nn.Module) -> torch.device:
    """Where the parameters of a network are."""
    return next((p.device for p in network.parameters()), torch.device("cpu"))


def _seconds(kind: torch.dtype, size: int = 384) -> float:
    # the least time of the processor, not of the clock: what else the machine does must not count
    one = torch.ones(4 * size, size, dtype=kind)
    other = torch.ones(size, size, dtype=kind)
    taken = []
    for _ in range(6):
        started = time.process_time()
        one @ other
        taken.append(time.process_time() - started)
    return min(taken[1:])
