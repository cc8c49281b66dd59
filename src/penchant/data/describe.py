"""What a data set looks like, in numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.metrics import gini

from . import page
from .spread import Spread, spread

if TYPE_CHECKING:
    from .dataset import Dataset

PERIODS = 24


@dataclass(frozen=True)
class Description:
    """The shape of a data set. As text it is a page for the terminal.

    Attributes:
        name: of the data set.
        users: who have events.
        items: in the catalogue.
        events: altogether.
        kinds: events of each kind.
        density: events of distinct pairs over users times items.
        repeats: share of events whose user already had the item.
        first: day of the first event (ISO 8601), None where there are no times.
        last: day of the last event, likewise.
        items_without_events: in the catalogue alone.
        gini: how unequally events are shared by items: 0 equally, near 1 all on one item.
        top_tenth: share of events on the tenth of the items that has most.
        items_with_text: items with any text.
        template: how texts are rendered.
        user_events: events of a user.
        item_events: events of an item that has any.
        text_length: characters of an item's text, of those that have any.
        values: how often each value was given, if there are at most 12.
        activity: events in each of 24 equal periods from first to last; empty without times.
        notes: what was dropped or converted on the way in.
        popularity: events of each item, largest first.
    """

    name: str
    users: int
    items: int
    events: int
    kinds: dict[str, int]
    density: float
    repeats: float
    first: str | None
    last: str | None
    items_without_events: int
    gini: float
    top_tenth: float
    items_with_text: int
    template: str
    user_events: Spread
    item_events: Spread
    text_length: Spread
    values: dict[str, int]
    activity: tuple[int, ...]
    notes: tuple[str, ...]
    popularity: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """The same as plain values for a JSON document, without the popularity of every item."""
        found = asdict(self)
        del found["popularity"]
        return found

    def picture(self, path: str | Path) -> None:
        """Draw the distributions.

        Args:
            path: a file ending in .png or .svg.

        Raises:
            UsageError: another ending.
        """
        from .picture import draw  # matplotlib takes a second to import

        draw(self, Path(path))

    def __str__(self) -> str:
        return page.written(self)


def describe(data: Dataset) -> Description:
    """Measure a data set."""
    made, catalogue = data.interactions, data.catalogue
    events = made.events
    counts = np.sort(made.counts())[::-1]
    lengths = events.lengths[events.lengths > 0]
    pair = events.row.astype(np.int64) * max(len(made.items), 1) + events.item
    distinct = pl.Series(pair).n_unique()
    characters = np.array([len(text) for text in catalogue.texts], np.int64)
    has_events = counts[counts > 0]
    timed = made.timed and len(made) > 0
    days = [_day(f(events.time)) if timed else None for f in (np.min, np.max)]
    return Description(
        name=data.name,
        users=len(lengths),
        items=len(made.items),
        events=len(made),
        kinds={
            kind: int(n)
            for kind, n in zip(
                made.kinds, np.bincount(events.kind, minlength=len(made.kinds)), strict=True
            )
        },
        density=distinct / max(len(lengths) * len(made.items), 1),
        repeats=(len(pair) - distinct) / max(len(pair), 1),
        first=days[0],
        last=days[1],
        items_without_events=int((counts == 0).sum()),
        gini=gini(counts),
        top_tenth=float(counts[: -(-len(counts) // 10)].sum() / max(len(made), 1)),
        items_with_text=int((characters > 0).sum()),
        template=catalogue.template,
        user_events=spread(lengths),
        item_events=spread(has_events),
        text_length=spread(characters[characters > 0]),
        values=_values(events.value),
        activity=tuple(np.histogram(events.time, PERIODS)[0].tolist()) if timed else (),
        notes=data.notes,
        popularity=tuple(counts.tolist()),
    )


def _values(value: NDArray[np.float32]) -> dict[str, int]:
    found, times = np.unique(value[~np.isnan(value)], return_counts=True)
    if not 0 < len(found) <= 12:
        return {}
    return {f"{v:g}": int(n) for v, n in zip(found, times, strict=True)}


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(float(seconds), UTC).date().isoformat()
