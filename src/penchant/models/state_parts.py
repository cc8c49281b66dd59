"""A model inside a model's state: its arrays stand behind a prefix."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from penchant.core import State

ADAPTER = "adapter."
"""Before the names of what was tuned of a language model."""


def inside(state: State, prefix: str) -> dict[str, NDArray[Any]]:
    """The part of a state whose names begin with a prefix, which is taken off."""
    return {n.removeprefix(prefix): part for n, part in state.items() if n.startswith(prefix)}


def behind(prefix: str, state: State) -> dict[str, NDArray[Any]]:
    """The same arrays with a prefix before their names: what :func:`inside` takes apart again."""
    return {prefix + name: part for name, part in state.items()}
