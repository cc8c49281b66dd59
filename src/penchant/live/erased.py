"""Who was erased, known by salted hashes alone."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from penchant.core import IdMap, Interactions
from penchant.store.log import UserErased, hashed


class Erased:
    """``seq`` of the last erasure by user. A log that was restored may have erasures of several salts.

    Args:
        seqs: by salt and hash, as iterating told them.
    """

    def __init__(self, seqs: Mapping[tuple[str, str], int] | None = None) -> None:
        self._seqs = dict(seqs or {})
        self._salts = {salt for salt, _ in self._seqs}

    @classmethod
    def of(cls, erasures: Iterable[UserErased]) -> Erased:
        """Some erasures, ascending."""
        return cls({(one.salt, one.user_hash): one.seq for one in erasures})

    def __len__(self) -> int:
        return len(self._seqs)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Salt and hash of each."""
        return iter(self._seqs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Erased) and self._seqs == other._seqs

    __hash__ = None  # type: ignore[assignment]  # it changes

    @property
    def salts(self) -> Collection[str]:
        """Of the hashes."""
        return self._salts

    def add(self, more: Erased) -> None:
        """Take in later erasures."""
        self._seqs.update(more._seqs)
        self._salts |= more._salts

    def at(self, user_id: str) -> int:
        """``seq`` of the last erasure of a user, 0 for one who never was erased (1 µs a salt)."""
        seqs = [self._seqs.get((salt, hashed(salt, user_id)), 0) for salt in tuple(self._salts)]
        return max(seqs, default=0)

    def found_in(self, user_ids: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Those of some users who were erased, each with salt and hash."""
        salts = tuple(self._salts)
        return {
            user_id: key
            for user_id in user_ids
            for salt in salts
            if (key := (salt, hashed(salt, user_id))) in self._seqs
        }

    def seqs(self) -> dict[tuple[str, str], int]:
        """``seq`` by salt and hash."""
        return dict(self._seqs)


def without_users(interactions: Interactions, users: Collection[str]) -> Interactions:
    """Training events without those of some users.

    Their rows stay, empty and under a name drawn by chance, as models keep vectors by row.

    Args:
        interactions: of a model.
        users: whom to forget; those that are not there are nobody's loss.
    """
    rows = interactions.users.codes(list(users))
    rows = rows[rows >= 0]
    names = list(interactions.users.ids)
    for row in rows.tolist():
        names[row] = f"erased-{secrets.token_hex(8)}"
    events = interactions.events
    kept = events.where(~np.isin(events.row, rows))
    return replace(interactions, users=IdMap(names), events=kept)
