"""What every model class offers, and the rules that all of them keep.

A model comes in two objects here: a **config**, a frozen dataclass of plain values, and the
**model**, which is always fitted. The third one, the ``Estimator`` of the engine, joins them.

The rules:

- Requests are in the codes of the model's own users and items; the engine aligns them first.
- A row with an empty history and no words is answered by the popularity of the training events
  where the model can do no better (:func:`popularity_prior`).
- A score is never NaN. An item about which the model knows nothing gets the lowest score of its
  row: it is still ranked where only such items are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from penchant.core import (
    Catalogue,
    Interactions,
    Model,
    Requests,
    Sequences,
    Space,
    State,
    Unsupported,
)

if TYPE_CHECKING:
    from penchant.data import Dataset


class ModelClass(Model, Protocol):
    """A class of models, as ``penchant.models.ALL`` lists them.

    Attributes:
        name: how the command line calls it, such as ``"ease"``.
        abilities: what it can do without being trained again.
        Config: the frozen dataclass of its settings.
        space: the values worth trying in a search, by field of ``Config``.
    """

    Config: ClassVar[type[Any]]
    space: ClassVar[Space]

    @classmethod
    def fit(cls, config: Any, train: Dataset, seed: int = 0) -> Self:
        """Learn from training events.

        Args:
            config: an instance of ``Config``.
            train: events and catalogue; a model never sees anything else.
            seed: the same seed, config and data give the same model.
        """
        ...

    @classmethod
    def restore(
        cls, config: Any, state: State, catalogue: Catalogue, interactions: Interactions
    ) -> Self:
        """The model that gave this ``state``.

        Args:
            config: the config it was fitted with.
            state: what :meth:`state` gave.
            catalogue: the catalogue it knows, items added later included.
            interactions: the events it was fitted on.
        """
        ...


def popularity_prior(
    interactions: Interactions, weight: NDArray[np.floating] | None = None
) -> NDArray[np.float32]:
    """The weight of the events of each item as a share of the greatest, (items,), 0 to 1.

    Args:
        interactions: the training events.
        weight: how much each event counts, (events,); its own weight unless given.
    """
    events = interactions.events
    counted = events.weight if weight is None else weight
    total = np.bincount(events.item, weights=counted, minlength=len(interactions.items))
    return (total / max(float(total.max(initial=0.0)), 1e-12)).astype(np.float32)


def no_new_items(name: str) -> NoReturn:
    """Refuse items that came after training, for a model that knows items by their id only.

    Raises:
        Unsupported: always.
    """
    raise Unsupported(
        f"{name} knows an item by its events only, so it cannot place items that came after "
        "training. Fit it again with the new catalogue, or use a model that reads text "
        "(text-mean, star, text-sequence)."
    )


def no_queries(name: str, requests: Requests) -> None:
    """Refuse words, for a model that does not read.

    Raises:
        Unsupported: a row of the requests has a query.
    """
    if requests.queries is not None and any(requests.queries):
        raise Unsupported(
            f"{name} does not read words, so it cannot answer a query. Ask with a user or a "
            "history, or use a model that reads text (text-mean, star, text-sequence)."
        )


def places_from_end(history: Sequences) -> NDArray[np.int64]:
    """How many events of the same row come after each event, (events,); 0 for the newest."""
    return history.indptr[1:][history.row] - 1 - np.arange(len(history.item))


def rows_with_words(requests: Requests) -> list[int]:
    """The rows of some requests that have a query."""
    queries = requests.queries or ()
    return [row for row, query in enumerate(queries) if query and query.strip()]
