"""Two lists as one, so that what people choose tells which they prefer.

Team draft (Radlinski, Kurup and Joachims, 2008, "How does clickthrough data reflect retrieval
quality?"): as two captains choose their teams. In each round a coin says who goes first, then each
puts the best of its list that is not there yet. Every place is as likely to go to either list, so a
click on it speaks for the list that put it there.

The coins are bits of a hash of the request's id. So whose a place was follows from the id and the
place alone: nothing but the id has to be logged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError

Item = TypeVar("Item", bound=Hashable)


def draft_teams(request_id: str, places: int, salt: str = "") -> NDArray[np.int8]:
    """Which of two lists puts each place of a merged list: 0 the first, 1 the second.

    >>> draft_teams("a request", 6).tolist()
    [1, 0, 1, 0, 1, 0]

    Args:
        request_id: of the list.
        places: length of the merged list.
        salt: other coins for another experiment.

    Returns:
        (places,); of places 2r and 2r + 1 one is 0 and one is 1.
    """
    rounds = (places + 1) // 2
    coins: list[int] = []
    for block in range(-(-rounds // 512)):
        text = f"{salt}\x1f{request_id}\x1f{block}".encode("utf-8", "surrogatepass")
        bits = np.unpackbits(np.frombuffer(hashlib.blake2b(text).digest(), np.uint8))
        coins += bits.tolist()
    first = np.array(coins[:rounds], np.int8)
    return np.stack([first, 1 - first], axis=1).reshape(-1)[:places]


def team_draft(first: Sequence[Item], second: Sequence[Item], teams: Sequence[int]) -> list[Item]:
    """Two lists merged.

    Args:
        first: a list, best first, none twice.
        second: another.
        teams: which of them puts each place; see ``draft_teams``.

    Returns:
        as long as ``teams``.

    Raises:
        UsageError: a list is shorter than the merged one is to be: the last places would go to the
            other list, whatever the coin said.
    """
    if min(len(first), len(second)) < len(teams):
        raise UsageError(
            f"{len(teams)} places need two lists of {len(teams)} items, got {len(first)} and "
            f"{len(second)}"
        )
    sources = iter(first), iter(second)
    merged: list[Item] = []
    there: set[Item] = set()
    for team in teams:
        item = next(one for one in sources[team] if one not in there)
        merged.append(item)
        there.add(item)
    return merged
