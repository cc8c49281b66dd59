"""A data set with what came later: new events, new users, items put."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.core import Interactions, Sequences, UsageError

from .columns import EVENT, ITEM, TIME, USER, VALUE
from .dataset import Dataset
from .feedback import weights
from .put import put_items

ARRIVED = "arrived"
"""The column that numbers later events in the order in which they came, from 1 up."""


@dataclass(frozen=True, slots=True)
class Extended:
    """A data set and what was joined to it.

    Attributes:
        data: users and items known before keep their codes; new ones stand behind them.
        arrived: the number of each event, (events,) int64; 0 for those that were there before.
        unknown: later events left out because their item is in no catalogue.
        repeated: later events left out because they were there before.
    """

    data: Dataset
    arrived: NDArray[np.int64]
    unknown: int = 0
    repeated: int = 0

    @property
    def new(self) -> NDArray[np.bool_]:
        """Which events came later, (events,)."""
        found: NDArray[np.bool_] = self.arrived > 0
        return found

    def where(self, keep: NDArray[np.bool_]) -> Extended:
        """With only some of the events, (events,); users and items stay."""
        people = self.data.interactions
        left = people.with_events(people.events.where(keep))
        return replace(self, data=replace(self.data, interactions=left), arrived=self.arrived[keep])


def extended(
    data: Dataset,
    later: pl.DataFrame,
    items: Sequence[Mapping[str, object]] = (),
    feedback: Sequence[str] = (),
) -> Extended:
    """Join later events and items to a data set.

    An event that was there before (same user, item and time) counts once. Where the data set knows
    no times, only positions, an event is there before that has the same user and item, each of those
    before standing for one later; the others take the positions behind.

    Args:
        data: stays as it is.
        later: ``user_id``, ``item_id``, ``timestamp`` (seconds since 1970), ``event``, ``value`` and
            ``arrived`` (ascending from 1), one row an event.
        items: rows that take the place of what was known of their items; see ``put_items``.
        feedback: which events count, and how much, such as ``["purchase * 3"]``; none for all alike.

    Raises:
        UsageError: a feedback rule names what is not there; an item without an id.
    """
    if missing := {USER, ITEM, TIME, EVENT, VALUE, ARRIVED} - set(later.columns):
        raise UsageError(f"later events lack the columns {', '.join(sorted(missing))}.")
    catalogue = put_items(data.catalogue, items)[0] if items else data.catalogue
    weight = weights(later, feedback) if feedback else np.ones(later.height, np.float32)
    later = later.with_columns(pl.Series("weight", weight)).filter(pl.col("weight") > 0)
    place = catalogue.items.codes(later[ITEM].to_list())
    unknown = int((place < 0).sum())
    later, place = later.filter(pl.Series(place >= 0)), place[place >= 0]
    before = data.interactions
    users = before.users.extended(later[USER].to_list())
    kinds = (*before.kinds, *dict.fromkeys(k for k in later[EVENT] if k not in before.kinds))
    which = {kind: code for code, kind in enumerate(kinds)}
    fresh = _Columns(
        user=users.codes(later[USER].to_list()),
        item=place,
        time=later[TIME].cast(pl.Float64).to_numpy(),
        weight=later["weight"].cast(pl.Float32).to_numpy(),
        kind=np.array([which[kind] for kind in later[EVENT]], np.int16),
        value=later[VALUE].cast(pl.Float32).fill_null(np.nan).to_numpy(),
        arrived=later[ARRIVED].cast(pl.Int64).to_numpy(),
    )
    again = _again(before, fresh, len(catalogue.items))
    events, arrived = _merged(before, fresh.where(~again), len(users))
    people = Interactions(users, catalogue.items, events, kinds, before.timed)
    joined = replace(data, interactions=people, catalogue=catalogue)
    return Extended(joined, arrived, unknown, int(again.sum()))


@dataclass(frozen=True, slots=True)
class _Columns:
    """Events as columns of one length."""

    user: NDArray[np.int32]
    item: NDArray[np.int32]
    time: NDArray[np.float64]
    weight: NDArray[np.float32]
    kind: NDArray[np.int16]
    value: NDArray[np.float32]
    arrived: NDArray[np.int64]

    def where(self, keep: NDArray[np.bool_]) -> _Columns:
        return _Columns(*(getattr(self, name)[keep] for name in self.__slots__))


def _again(before: Interactions, fresh: _Columns, items: int) -> NDArray[np.bool_]:
    """Which later events were there before, (later,).

    By user, item and time; without times by user and item, each of before standing for one later.
    """
    events = before.events
    known = pl.DataFrame({"pair": events.row.astype(np.int64) * items + events.item})
    asked = pl.DataFrame({"pair": fresh.user.astype(np.int64) * items + fresh.item})
    keys = ["pair"]
    if before.timed:
        known = known.with_columns(pl.Series("time", events.time))
        asked = asked.with_columns(pl.Series("time", fresh.time))
        keys.append("time")
    there = known.group_by(keys).len("there")
    place = asked.select(pl.int_range(pl.len()).over(keys).alias("place"), *keys)
    found = place.join(there, on=keys, how="left", maintain_order="left")
    return (
        found.select((pl.col("place") < pl.col("there")).fill_null(value=False))
        .to_series()
        .to_numpy()
    )


def _merged(
    before: Interactions, fresh: _Columns, users: int
) -> tuple[Sequences, NDArray[np.int64]]:
    """All events by user, oldest first, and the number of each; of one time, those of before first."""
    old = before.events
    user = np.concatenate([old.row, fresh.user])
    time = np.concatenate([old.time, fresh.time])
    arrived = np.concatenate([np.zeros(len(old.item), np.int64), fresh.arrived])
    # positions and seconds do not compare: then later events stand behind, in the order of their times
    behind = np.zeros(len(user)) if before.timed else (arrived > 0).astype(np.float64)
    order = np.lexsort((arrived, time, behind, user))
    lengths = np.bincount(user, minlength=users)
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    time = time[order]
    if not before.timed:
        time = (np.arange(len(user)) - np.repeat(indptr[:-1], lengths)).astype(np.float64)
    both = {
        name: np.concatenate([getattr(old, name), getattr(fresh, name)])[order]
        for name in ("item", "weight", "kind", "value")
    }
    return Sequences(indptr=indptr, time=time, **both), arrived[order]
