"""Shares of a list that are like the shares of the history."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .word_column import WordColumn


class SharedOut:
    """How near each candidate would bring the shares of a list to those of a history.

    With p(g) the share of word g in the history, q(g) its share in the list, and
    ``q~ = (1 - a) q + a p``, the list is judged by ``KL(p || q~)`` (Steck 2018, Calibrated
    Recommendations, equations 2 to 6). An item's words have equal parts of it; an item without
    words has none and takes a place all the same.

    Args:
        column: the words by item.
        past: codes of the items of the history (events,).
        codes: codes of the candidates (n,).
        smoothing: a.
    """

    def __init__(
        self,
        column: WordColumn,
        past: NDArray[np.integer],
        codes: NDArray[np.integer],
        smoothing: float,
    ) -> None:
        shares = word_shares(column, past)
        words = np.flatnonzero(shares)
        self._wanted = shares[words].astype(np.float32)  # (words,)
        self._smoothing = smoothing
        # candidates with the same words gain the same: one row a set of words
        sets, self._set = np.unique(column.code[codes], return_inverse=True)
        self._parts = _parts(column, sets, words)  # (sets, words)
        self._placed = np.zeros(len(words), np.float32)
        self._length = 0

    @property
    def known(self) -> bool:
        """Whether the history has any word to be calibrated to."""
        return bool(len(self._wanted))

    def gains(self) -> NDArray[np.float32]:
        """Minus the divergence of the list with each candidate placed next, (n,).

        Less the entropy of the history, which is the same for all.
        """
        share = (1 - self._smoothing) / (self._length + 1)
        mixed = self._parts * np.float32(share)
        mixed += share * self._placed + self._smoothing * self._wanted
        gains: NDArray[np.float32] = (np.log(mixed, out=mixed) @ self._wanted)[self._set]
        return gains

    def take(self, index: int) -> None:
        """The candidate at ``index`` was placed."""
        self._placed = self._placed + self._parts[self._set[index]]
        self._length += 1

    def divergence(self, indices: NDArray[np.integer]) -> float:
        """How far a list of some candidates is from the history; 0 where the shares are the same."""
        listed = self._parts[self._set[indices]].sum(axis=0) / max(len(indices), 1)
        mixed = (1 - self._smoothing) * listed + self._smoothing * self._wanted
        return max(0.0, float(self._wanted @ np.log(self._wanted / mixed)))  # rounding may be below


def word_shares(column: WordColumn, codes: NDArray[np.integer]) -> NDArray[np.float64]:
    """The share of each word among some items, (words,); all 0 where none has any.

    Every entry of ``codes`` counts the same, so an item that stands there twice counts twice.
    """
    place, words = column.pairs(codes)
    weight = 1 / np.bincount(place, minlength=len(codes))[place]
    shares = np.bincount(words, weights=weight, minlength=len(column.words)).astype(np.float64)
    return np.asarray(shares / (shares.sum() or 1.0))


def _parts(
    column: WordColumn, sets: NDArray[np.integer], words: NDArray[np.integer]
) -> NDArray[np.float32]:
    """The part of each word in each set of words, (sets, words)."""
    at = np.full(len(column.words) + 1, -1)
    at[words] = np.arange(len(words))
    parts = np.zeros((len(sets), len(words)), np.float32)
    row, own = column.members_of(sets)
    kept = at[own] >= 0
    parts[row[kept], at[own[kept]]] = 1 / column.lengths[sets[row[kept]]]
    return parts
