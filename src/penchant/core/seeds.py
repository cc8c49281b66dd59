"""Randomness as an argument."""

from __future__ import annotations

import hashlib

import numpy as np


def generator(seed: int, *purpose: str) -> np.random.Generator:
    """A generator for one purpose: streams of different purposes never share their numbers."""
    return np.random.default_rng([seed, derived(*purpose)])


def derived(*purpose: str) -> int:
    """A stable 32-bit number from words."""
    return int.from_bytes(hashlib.sha256("\x1f".join(purpose).encode()).digest()[:4], "little")
