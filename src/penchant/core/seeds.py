"""Randomness as an argument."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from .errors import UsageError

MOST = 2**32 - 1
"""The largest seed that every library takes."""


def checked_seed(seed: int) -> int:
    """The seed.

    Raises:
        UsageError: it is no whole number from 0 to 2**32 - 1.
    """
    whole: Any = seed  # a caller without types may pass anything
    if not isinstance(whole, int | np.integer) or not 0 <= whole <= MOST:
        raise UsageError(f"seed={seed!r}: write a whole number from 0 to {MOST}.")
    return int(seed)


def generator(seed: int, *purpose: str) -> np.random.Generator:
    """A generator for one purpose: streams of different purposes never share their numbers."""
    return np.random.default_rng([seed, derived(*purpose)])


def derived(*purpose: str) -> int:
    """A stable 32-bit number from words."""
    return int.from_bytes(hashlib.sha256("\x1f".join(purpose).encode()).digest()[:4], "little")
