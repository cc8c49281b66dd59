"""What is known about users and items besides their labels: text, attributes, what was seen together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from penchant.core import Interactions, Sequences, State

if TYPE_CHECKING:
    import polars as pl

Array = NDArray[np.float64]

RARE = 3.0
"""Events added to each item's before its co-occurrences are weighed, so that rare ones stay small."""

MOST_GROUPS = 50
"""Most different values of a user attribute; one with more is an identifier, not a group."""


@dataclass(frozen=True)
class SideFeatures:
    """Features of users and items, the first a one; everything else is zero where nothing is known.

    An item: log events, principal components of its text vector, its place in the co-occurrence of
    items. A user: log events, the mean place of the history, attributes.

    Attributes:
        centre: of the text vectors, (text dim,).
        axes: from a text vector to its components, (text dim, components).
        text: components, (items, components).
        places: of each item in the co-occurrence, (items, places).
        pull: what an event with an item adds to its user's place, (items, places).
        events: training events of each item, (items,).
        levels: mean log events of an item, and of a user, (2,).
        attributes: of each user of the training map, (users, attributes).
    """

    centre: NDArray[np.float32]
    axes: NDArray[np.float32]
    text: NDArray[np.float32]
    places: NDArray[np.float32]
    pull: NDArray[np.float32]
    events: NDArray[np.float32]
    levels: NDArray[np.float32]
    attributes: NDArray[np.float32]

    @classmethod
    def of(
        cls,
        interactions: Interactions,
        vectors: NDArray[np.float32],
        attributes: NDArray[np.float32],
        components: int,
        places: int,
    ) -> Self:
        """Look at training events and texts; labels are not looked at.

        Args:
            interactions: the training events.
            vectors: of the items' texts, zeros where there is none, (items, text dim).
            attributes: of the users, (users, attributes).
            components: of the text that are kept.
            places: numbers that say what an item is watched with.
        """
        events = interactions.events
        counts = interactions.counts().astype(np.float32)
        seen = np.log1p(counts[counts > 0]).mean() if counts.any() else 0.0
        lengths = events.lengths[events.lengths > 0]
        busy = np.log1p(lengths).mean() if len(lengths) else 0.0
        place, pull = _together(interactions, places)
        centre, axes = _axes(vectors, components)
        return cls(
            centre,
            axes,
            _text(vectors, centre, axes),
            place,
            pull,
            counts,
            np.array([seen, busy], np.float32),
            attributes,
        )

    def items(self) -> Array:
        """Features of all items, (items, features)."""
        size = np.where(self.events > 0, np.log1p(self.events) - self.levels[0], -self.levels[0])
        ones = np.ones(len(size))
        return np.column_stack([ones, size, self.text, self.places]).astype(np.float64)

    def users(self, user: NDArray[np.int32], history: Sequences) -> Array:
        """Features of those who are asked about, (rows, features).

        Args:
            user: codes of the training map, ``UNKNOWN`` for somebody new, (rows,).
            history: what each did.
        """
        lengths = history.lengths
        size = np.where(lengths > 0, np.log1p(lengths) - self.levels[1], 0.0)
        summed = np.concatenate(
            [
                np.zeros((1, self.pull.shape[1])),
                np.cumsum(self.pull[history.item], axis=0, dtype=np.float64),
            ]
        )
        place = summed[history.indptr[1:]] - summed[history.indptr[:-1]]
        place /= np.sqrt(lengths + 1.0)[:, None]
        about = np.concatenate([self.attributes, np.zeros((1, self.attributes.shape[1]))])[user]
        return np.column_stack([np.ones(len(lengths)), size, place, about]).astype(np.float64)

    def extended(self, vectors: NDArray[np.float32]) -> SideFeatures:
        """The same with more items, which have a text and no events.

        Args:
            vectors: of the new items' texts, (new, text dim).
        """
        new = len(vectors)

        def padded(part: NDArray[np.float32]) -> NDArray[np.float32]:
            return np.concatenate([part, np.zeros((new, *part.shape[1:]), np.float32)])

        return SideFeatures(
            self.centre,
            self.axes,
            np.concatenate([self.text, _text(vectors, self.centre, self.axes)]),
            padded(self.places),
            padded(self.pull),
            padded(self.events),
            self.levels,
            self.attributes,
        )

    def state(self) -> State:
        """Every array by name."""
        return {f"side.{name}": getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def restore(cls, state: State) -> Self:
        """What gave this ``state``."""
        return cls(*(state[f"side.{name}"] for name in cls.__dataclass_fields__))


def user_attributes(table: pl.DataFrame | None, users: tuple[str, ...]) -> NDArray[np.float32]:
    """Attributes as numbers: a centred column a group, and fifths of a number.

    Args:
        table: ``user_id`` and any columns, in any order; None where nothing is known.
        users: ids of the users.

    Returns:
        (users, attributes); zeros for a user that the table lacks.
    """
    import polars as pl

    if table is None or not len(table):
        return np.zeros((len(users), 0), np.float32)
    asked = pl.DataFrame({"user_id": pl.Series(users, dtype=pl.String)})
    table = table.with_columns(pl.col("user_id").cast(pl.String)).unique("user_id", keep="first")
    told = asked.join(table, on="user_id", how="left", maintain_order="left")
    columns = []
    for name in told.columns[1:]:
        column = told[name]
        if column.dtype.is_nested():
            continue
        numbers = column.cast(pl.Float64, strict=False)
        if numbers.null_count() == column.null_count() and numbers.n_unique() > 10:
            value = numbers.to_numpy()
            edges = np.nanquantile(value, [0.2, 0.4, 0.6, 0.8])
            groups = np.where(np.isnan(value), -1, np.searchsorted(edges, value))
        else:
            groups = column.cast(pl.String).rank("dense").fill_null(0).to_numpy().astype(int) - 1
        if groups.max(initial=-1) < MOST_GROUPS:
            held = groups[:, None] == np.arange(groups.max(initial=-1) + 1)
            columns.append(np.where(groups[:, None] >= 0, held - held.mean(axis=0), 0.0))
    empty = np.zeros((len(users), 0))
    return np.concatenate([empty, *columns], axis=1).astype(np.float32)


def _axes(
    vectors: NDArray[np.float32], components: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The centre and the scaled principal axes of the texts that there are."""
    told = vectors[np.any(vectors, axis=1)].astype(np.float64)
    kept = min(components, vectors.shape[1], max(len(told) - 1, 0))
    if not kept:
        return np.zeros(vectors.shape[1], np.float32), np.zeros((vectors.shape[1], 0), np.float32)
    centre = told.mean(axis=0)
    variance, axes = np.linalg.eigh((told - centre).T @ (told - centre) / len(told))
    axes = axes[:, ::-1][:, :kept]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(kept)])  # one of two signs
    scale = np.sqrt(max(float(variance[::-1][:kept].mean()), 1e-12))
    return centre.astype(np.float32), (axes / scale).astype(np.float32)


def _text(
    vectors: NDArray[np.float32], centre: NDArray[np.float32], axes: NDArray[np.float32]
) -> NDArray[np.float32]:
    told = np.any(vectors, axis=1, keepdims=True)
    return np.where(told, (vectors - centre) @ axes, np.float32(0)).astype(np.float32)


def _together(
    interactions: Interactions, places: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Singular vectors of who saw what: the place of each item, and its pull on a user's place."""
    from scipy.sparse import diags_array
    from scipy.sparse.linalg import svds

    from .matrix import row_matrix

    items = len(interactions.items)
    seen = row_matrix(interactions.events, items)
    seen.data[:] = 1.0
    users, counts = np.diff(seen.indptr), np.bincount(seen.indices, minlength=items)
    wide = min(places, int((users > 0).sum()) - 1, int((counts > 0).sum()) - 1)
    if wide < 1:
        return np.zeros((items, 0), np.float32), np.zeros((items, 0), np.float32)
    rare = 1 / np.sqrt(counts + RARE)
    weighed = diags_array(1 / np.sqrt(users + 1.0)) @ seen.astype(np.float64) @ diags_array(rare)
    # a fixed start: svds draws one at random otherwise
    _, size, axes = svds(weighed, k=wide, v0=np.linspace(1, 2, min(weighed.shape)))
    axes = axes.T * np.sign(axes.T[np.abs(axes).argmax(axis=1), np.arange(wide)])
    pull = axes * rare[:, None] / np.maximum(size, 1e-9)
    mean_user = np.sqrt(1 / max(int((users > 0).sum()), 1))  # of a singular vector
    mean_item = np.sqrt(1 / items)
    return (axes / mean_item).astype(np.float32), (pull / mean_user).astype(np.float32)
