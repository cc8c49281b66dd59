"""Gradient checkpointing: less memory for more time, in modules that offer it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

from penchant.core import UsageError


@contextmanager
def gradient_checkpointing(network: nn.Module) -> Iterator[None]:
    """Inside this block activations are computed again in the backward pass instead of kept.

    Source: T. Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016.

    Raises:
        UsageError: no module of the network offers it (Hugging Face's models do).
    """
    offering = _offering(network)
    if not offering:
        raise UsageError(
            "gradient_checkpointing=True, but no module of this network offers it: it is for "
            "language models that are tuned. Leave it out, or accumulate smaller batches."
        )
    for module in offering:
        # the reentrant kind finds no gradient where the embeddings below are frozen
        module.gradient_checkpointing_enable({"use_reentrant": False})
    try:
        yield
    finally:
        for module in offering:
            module.gradient_checkpointing_disable()


def _offering(network: nn.Module) -> list[Any]:
    found: list[Any] = []
    inside: set[int] = set()
    for module in network.modules():  # outermost first: it reaches those within
        if id(module) not in inside and hasattr(module, "gradient_checkpointing_enable"):
            found.append(module)
            inside |= {id(part) for part in module.modules()}
    return found
