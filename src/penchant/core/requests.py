"""What is asked of a model, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .ids import IdMap
from .sequences import Rows, Sequences


@dataclass(frozen=True, slots=True)
class Requests:
    """A batch of questions in dense codes: for each row a user, a history, words, or several.

    Attributes:
        users: the map behind ``user``.
        items: the map behind ``history.item``.
        user: user codes, (rows,) int32; ``UNKNOWN`` for somebody the model never met.
        history: what each asked about did so far, one row each.
        queries: the words of each row, or None where none was asked with words.
    """

    users: IdMap
    items: IdMap
    user: NDArray[np.int32]
    history: Sequences
    queries: tuple[str | None, ...] | None = None

    def __len__(self) -> int:
        return len(self.user)

    def __getitem__(self, rows: Rows) -> Requests:
        """Some of the rows, in the order asked for."""
        queries = self.queries
        if queries is not None:
            queries = tuple(queries[i] for i in np.arange(len(self))[rows])
        return Requests(self.users, self.items, self.user[rows], self.history[rows], queries)

    def aligned(self, users: IdMap, items: IdMap) -> Requests:
        """The same questions in the codes of other maps; history items unknown there are dropped."""
        if users is self.users and items is self.items:
            return self
        to_user, to_item = self.users.onto(users), self.items.onto(items)
        user = (
            np.where(self.user >= 0, to_user[self.user], self.user).astype(np.int32)
            if len(to_user)
            else self.user
        )
        history = self.history
        if len(history.item):
            history = history.with_items(to_item[history.item])
        return Requests(users, items, user, history, self.queries)


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One recommended item.

    Attributes:
        item: external id.
        score: the model's score; comparable within one list only.
        text: the item's title, for people; its id where it has none.
        reasons: why, in words; empty unless asked for.
    """

    item: str
    score: float
    text: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recommendations:
    """A ranked list, best first.

    >>> print(Recommendations((Recommendation("i1", 0.5, "Alien (1979)"),)))
     1  i1  Alien (1979)
    """

    items: tuple[Recommendation, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Recommendation]:
        return iter(self.items)

    def __getitem__(self, place: int) -> Recommendation:
        return self.items[place]

    def __str__(self) -> str:
        wide = max((len(r.item) for r in self.items), default=0)
        lines = []
        for place, r in enumerate(self.items, 1):
            why = f"  ({'; '.join(r.reasons)})" if r.reasons else ""
            lines.append(f"{place:2d}  {r.item:<{wide}}  {r.text}{why}".rstrip())
        return "\n".join(lines)
