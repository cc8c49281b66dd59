"""From checked tables to a data set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.core import Catalogue, IdMap, Interactions, Sequences

from .columns import EVENT, ITEM, USER, VALUE, WHEN
from .events import Events
from .filters import k_core
from .problems import Problems, several


def codes(column: pl.Series, ids: pl.Series) -> NDArray[np.int32]:
    """The place of each value of ``column`` among ``ids``, (rows,)."""
    places = pl.DataFrame({"id": ids, "code": np.arange(len(ids), dtype=np.int32)})
    joined = pl.DataFrame({"id": column}).join(places, on="id", how="left", maintain_order="left")
    return joined["code"].to_numpy()


def interactions(events: Events, weight: NDArray[np.float32], items: IdMap) -> Interactions:
    """The events by user, oldest first; ties of time in the order of the file."""
    frame = events.frame
    users = frame[USER].unique(maintain_order=True)
    kinds = frame[EVENT].unique(maintain_order=True)
    user = codes(frame[USER], users)
    item = codes(frame[ITEM], pl.Series(items.ids, dtype=pl.String))
    time = frame[WHEN].to_numpy()
    order = np.lexsort((time, user))  # stable: equal times stay in the order of the file
    lengths = np.bincount(user, minlength=len(users))
    return Interactions(
        users=IdMap(users.to_list()),
        items=items,
        events=Sequences(
            indptr=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            item=item[order],
            time=time[order],
            weight=weight[order],
            kind=codes(frame[EVENT], kinds).astype(np.int16)[order],
            value=frame[VALUE].to_numpy()[order],
        ),
        kinds=tuple(kinds.to_list()) or ("event",),
        timed=events.timed,
    )


def core_only(
    made: Interactions, catalogue: Catalogue, k: int, problems: Problems
) -> tuple[Interactions, Catalogue]:
    """Only users and items of the k-core; items outside it leave the catalogue too."""
    events = made.events
    keep = k_core(events.row, events.item, k)
    kept = events.where(keep)
    users = np.flatnonzero(kept.lengths)
    items = np.unique(kept.item)
    place = np.full(len(made.items), -1, np.int32)
    place[items] = np.arange(len(items), dtype=np.int32)
    gone = (len(keep) - int(keep.sum()), len(made.users) - len(users), len(made.items) - len(items))
    problems.note(
        f"k_core={k} dropped {several(gone[0], 'event')}, {several(gone[1], 'user')} and "
        f"{several(gone[2], 'item')}."
    )
    few = Catalogue(
        IdMap(made.items.names(items)),
        tuple(catalogue.texts[i] for i in items),
        tuple(catalogue.titles[i] for i in items),
        catalogue.table[items],
        catalogue.template,
    )
    return (
        replace(
            made,
            users=IdMap(made.users.names(users)),
            items=few.items,
            events=kept[users].with_items(place[kept[users].item]),
        ),
        few,
    )
