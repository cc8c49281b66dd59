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
        _named(module, "enable")({"use_reentrant": False})
    try:
        yield
    finally:
        for module in offering:
            _named(module, "disable")()


def _named(module: Any, verb: str) -> Any:
    # transformers 5.2x renamed it, and warns of the old name, which older ones and others still have
    newer = getattr(module, f"activation_checkpointing_{verb}", None)
    return newer or getattr(module, f"gradient_checkpointing_{verb}")


def _offering(network: nn.Module) -> list[Any]:
    found: list[Any] = []
    inside: set[int] = set()
    for module in network.modules():  # outermost first: it reaches those within
        if id(module) not in inside and hasattr(module, "gradient_checkpointing_enable"):
            found.append(module)
            inside |= {id(part) for part in module.modules()}
    return found
