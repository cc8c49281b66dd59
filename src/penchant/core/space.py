"""Which values of a setting are worth trying: what a search draws from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Real:
    """A real number between two bounds, on a logarithmic scale by choice."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number between two bounds, both included."""

    low: int
    high: int
    log: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values."""

    values: tuple[str | int | float | bool | None, ...]


Space = Mapping[str, Real | Whole | Choice]
"""Field of a config -> the values worth trying."""
