"""What a caller gave, checked, in the shape and type that the room works on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError

from .protocols import Codes, Mask, Vectors

LARGEST = 1e15
"""No value of a vector is larger: products of a million such values still fit a float32."""


def checked_vectors(vectors: NDArray[np.floating], dim: int | None, what: str) -> Vectors:
    """The vectors as (n, dim) float32, row after row in memory.

    Raises:
        UsageError: another shape, or a value that is no finite number or larger than ``LARGEST``.
    """
    given = np.asarray(vectors)
    fits = given.ndim == 2 and given.shape[1] > 0 and (dim is None or given.shape[1] == dim)
    if not fits or given.dtype.kind not in "fiu":
        raise UsageError(
            f"{what}: vectors must be numbers of shape (n, {dim or 'dim'}), "
            f"got {given.dtype} {given.shape}."
        )
    # a NaN goes through min and max, which make no copy of a large matrix
    if given.size and not max(-float(given.min()), float(given.max())) <= LARGEST:
        wrong = np.flatnonzero(~(np.abs(given) <= LARGEST).all(axis=1))
        raise UsageError(
            f"{what}: the vector of row {wrong[0]} has a value that is no finite number, or one "
            f"beyond {LARGEST:g} ({len(wrong)} such rows). Whatever made it is at fault."
        )
    return np.ascontiguousarray(given, np.float32)


def checked_codes(codes: NDArray[np.integer], size: int, what: str) -> Codes:
    """The codes as (n,) int32.

    Raises:
        UsageError: no whole numbers, or a code outside 0 to size - 1.
    """
    given = np.asarray(codes)
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
        raise UsageError(f"{what}: codes must be whole numbers of shape (n,), got {given.dtype}.")
    unknown = given[(given < 0) | (given >= size)] if given.size else given
    if unknown.size:
        raise UsageError(f"{what}: there is no item of code {unknown[0]}; there are {size} codes.")
    return given.astype(np.int32)


def checked_k(k: int) -> int:
    """The length of a list.

    Raises:
        UsageError: it is no whole number, or negative.
    """
    whole: Any = k  # a caller without types may pass anything
    if isinstance(whole, bool) or not isinstance(whole, int | np.integer) or whole < 0:
        raise UsageError(f"k={k!r}: write a whole number, 0 or more.")
    return int(whole)


def checked_allowed(allowed: Mask | None, rows: int) -> Mask | None:
    """The mask, (items,) or (rows, items).

    Raises:
        UsageError: no booleans, or another number of rows.
    """
    if allowed is None:
        return None
    given: Any = np.asarray(allowed)  # whatever it says it is
    if given.dtype.kind != "b" or given.ndim == 0 or given.shape[:-1] not in ((), (rows,)):
        raise UsageError(
            f"allowed must be booleans of shape (items,) or ({rows}, items), "
            f"got {given.dtype} {given.shape}."
        )
    mask: Mask = given
    return mask


def checked_without(
    without: Sequence[NDArray[np.integer]] | None, rows: int
) -> list[NDArray[np.integer]] | None:
    """The codes not to list, an array a row; None where there are none at all.

    Raises:
        UsageError: another number of rows, or no whole numbers.
    """
    if without is None:
        return None
    given = [np.unique(codes) for codes in without]
    if len(given) != rows or any(codes.size and codes.dtype.kind not in "iu" for codes in given):
        raise UsageError(f"without must hold {rows} arrays of codes, one for each row of vectors.")
    return given if any(codes.size for codes in given) else None
