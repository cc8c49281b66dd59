"""Which of two lists people prefer, from whose items they chose where both were merged into one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError

from .proportions import win_share


@dataclass(frozen=True, slots=True)
class Preference:
    """Whether users prefer the second list.

    Attributes:
        wins: users who chose more often from the second list.
        losses: from the first.
        ties: as often from both; those who chose nothing are not counted.
        delta: ``(wins + ties / 2) / (wins + losses + ties) - 1 / 2`` (Chapelle, Joachims, Radlinski and
            Yue, 2012): from -0.5 to 0.5, above 0 where the second list is preferred.
        low: lower end of the share of wins among wins and losses, at all times at once.
        high: upper end.
        p: always-valid p-value of neither list being preferred.
    """

    wins: int
    losses: int
    ties: int
    delta: float
    low: float
    high: float
    p: float


def preference(
    first: NDArray[np.integer],
    second: NDArray[np.integer],
    users: float = 1000,
    alpha: float = 0.05,
) -> Preference:
    """Compare what each user chose of the first list with what they chose of the second.

    A user is one vote, however busy: so that votes are independent, and nobody decides alone. While
    nobody prefers either list a vote is as likely to go one way as the other, by the coin of the draft;
    the test of a half (``win_share``) is exact whenever it is looked at.

    >>> preference(np.array([0, 1, 2, 0]), np.array([1, 0, 2, 3])).delta
    0.125

    Args:
        first: how often each user chose an item that the first list had put there, (users,).
        second: the second list, (users,).
        users: votes at which a decision is expected.
        alpha: chance of a false alarm, ever.

    Raises:
        UsageError: the users differ.
    """
    if first.shape != second.shape:
        raise UsageError(f"{len(first)} users of the first list for {len(second)} of the second")
    wins = int(np.count_nonzero(second > first))
    losses = int(np.count_nonzero(first > second))
    ties = int(np.count_nonzero((first == second) & (first > 0)))
    votes = wins + losses + ties
    delta = (wins + ties / 2) / votes - 0.5 if votes else 0.0
    return Preference(wins, losses, ties, delta, *win_share(wins, losses, users, alpha))
