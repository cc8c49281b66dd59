"""The data set: who did what with which items, and what is written about them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from penchant.core import Catalogue, Holdout, Interactions, generator

from .describe import Description, describe
from .protocols import ENOUGH, Cut
from .splits import questions, split


@dataclass(frozen=True)
class Dataset:
    """Events and a catalogue that belong together, checked.

    Attributes:
        interactions: the events.
        catalogue: the items; ``catalogue.items`` is ``interactions.items``.
        users: what is known about the users, one row a user with ``user_id``; None where nothing is.
        notes: what was dropped or converted on the way in, counted; for people.
        name: a short name, such as ``"ml-100k"``.
    """

    interactions: Interactions
    catalogue: Catalogue
    users: pl.DataFrame | None = None
    notes: tuple[str, ...] = ()
    name: str = ""

    def split(self, protocol: str, seed: int = 0) -> tuple[Dataset, Holdout]:
        """What a model may learn from, and the questions it must answer.

        Users and items keep their codes in both parts, and the whole catalogue stays, so that only
        events are taken away. No event is both in the training part and an answer. A user is
        known in the questions only where the training part has events of the user.

        ==================  ====================================================================
        ``leave-last-out``  the last event of every user with 3 or more
        ``time:F``          the last share F of all events by time; a user without earlier events
                            gives the first 5 as history (slice ``new-user``)
        ``ratio:F``         the last share F of each user's events, at least one, of users with
                            3 or more
        ``cold-items:F``    all events of a share F of the items, drawn by a hash of their ids;
                            only those items may be ranked
        ``new-users:F``     all events of a share F of the users, drawn by a hash of their ids;
                            the first 80 % of a user's events are given, the rest is to be found
                            (Liang et al. 2018)
        ``few-shot:K``      leave-last-out with only the last K events before the answer left of
                            every user, in training and as history
        ==================  ====================================================================

        Args:
            protocol: one of the table.
            seed: another draw of items or users for ``cold-items`` and ``new-users``; the other
                protocols leave nothing to chance.

        Raises:
            UsageError: no such protocol, a number or seed out of range, or ``time:F`` without times.
        """
        train, holdout = split(self.interactions, protocol, seed)
        return replace(self, interactions=train), holdout

    def describe(self) -> Description:
        """The shape of the data set: print it, draw it with ``picture``, or take ``to_json``."""
        return describe(self)

    @property
    def digest(self) -> str:
        """A SHA-256 over events and catalogue texts (hex): the name of exactly this data set."""
        digest = hashlib.sha256(self.interactions.digest.encode())
        digest.update("\x1f".join(self.catalogue.texts).encode())
        return digest.hexdigest()


def validation_split(train: Dataset, most: int = 2000, seed: int = 0) -> tuple[Dataset, Holdout]:
    """Leave-last-out for at most ``most`` users; the events of all others stay untouched.

    Only users with 3 or more events are drawn, and only where the last item is not in the history.

    Args:
        train: the training part of a split.
        most: users to ask at most.
        seed: which users.
    """
    events = train.interactions.events
    last = events.indptr[1:] - 1
    chosen = np.flatnonzero(events.lengths >= ENOUGH)
    repeats = events.item == events.item[last][events.row]
    again = np.bincount(events.row, weights=repeats, minlength=len(events)) > 1
    chosen = chosen[~again[chosen]]
    if len(chosen) > most:
        chosen = np.sort(generator(seed, "validation").choice(chosen, most, replace=False))
    answer = np.zeros(len(events.item), np.bool_)
    answer[last[chosen]] = True
    asked = np.zeros(len(events), np.bool_)
    asked[chosen] = True
    slices = np.full(len(events), "warm-user")
    cut = Cut(~answer, asked[events.row] & ~answer, answer, slices)
    left = train.interactions.with_events(events.where(cut.train))
    held = questions(train.interactions, cut, "leave-last-out")
    return replace(train, interactions=left), held
