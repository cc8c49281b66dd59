"""Item-kNN: items chosen by the same users as those of the history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from penchant.core import (
    Abilities,
    Catalogue,
    Interactions,
    Real,
    Requests,
    Space,
    State,
    Whole,
)

from .base import no_new_items, no_queries, popularity_prior
from .matrix import row_matrix, similar_items
from .settings import within

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from penchant.data import Dataset

TIE = 1e-6
"""Weight of popularity among items that the neighbours do not tell apart."""


@dataclass(frozen=True)
class ItemKnnConfig:
    """Which neighbours count, and how much."""

    neighbours: int = 200
    """How many nearest items each item of a history brings in."""

    shrinkage: float = 10.0
    """Added under the cosine: draws similarities that few events support towards zero."""

    decay: float = 0.6
    """How much the item before counts for each item of a history, from the newest back; 1 for all
    alike."""

    def __post_init__(self) -> None:
        within(self, "neighbours", 1, float("inf"))
        within(self, "shrinkage", 0.0, float("inf"))
        within(self, "decay", 0.0, 1.0, open_low=True)


class ItemKnn:
    """The score of an item is the sum of its similarities to the items of the history.

    The similarity is the cosine of the two items' columns of user weights, shrunk; each item of
    the history brings its nearest neighbours only. Recent items may count more: in sequential data
    the last steps tell most (Jannach & Ludewig, "When Recurrent Neural Networks meet the
    Neighborhood for Session-Based Recommendation", RecSys 2017). Ties, such as all the items that
    are nobody's neighbour, are ordered by popularity.

    State: ``data``, ``indices``, ``indptr`` of the (items, items) CSR similarities; ``prior``
    (items,) float32.

    Source: Sarwar et al., "Item-Based Collaborative Filtering Recommendation Algorithms",
    WWW 2001.
    """

    name: str = "item-knn"
    abilities: Abilities = Abilities(new_users=True, new_items=False, queries=False)
    Config: ClassVar[type[ItemKnnConfig]] = ItemKnnConfig
    space: ClassVar[Space] = {
        "neighbours": Whole(5, 2000, log=True),
        "shrinkage": Real(0.1, 500.0, log=True),
        "decay": Real(0.3, 1.0),
    }

    def __init__(
        self, config: ItemKnnConfig, similarity: csr_array, prior: NDArray[np.float32]
    ) -> None:
        self.config = config
        self.similarity = similarity
        self.prior = prior

    @classmethod
    def fit(cls, config: ItemKnnConfig, train: Dataset, seed: int = 0) -> Self:
        """Find the neighbours of every item; ``seed`` changes nothing."""
        interactions = train.interactions
        x = row_matrix(interactions.events, len(interactions.items))
        similarity = similar_items(x, config.shrinkage, config.neighbours)
        return cls(config, similarity, popularity_prior(interactions))

    @classmethod
    def restore(
        cls, config: ItemKnnConfig, state: State, catalogue: Catalogue, interactions: Interactions
    ) -> Self:
        """The model that gave this ``state``."""
        from scipy.sparse import csr_array

        prior = state["prior"]
        parts = (state["data"], state["indices"], state["indptr"])
        return cls(config, csr_array(parts, shape=(len(prior), len(prior))), prior)

    def score(self, requests: Requests) -> NDArray[np.float32]:
        """Scores (rows, items).

        Raises:
            Unsupported: a row has a query.
        """
        no_queries(self.name, requests)
        x = row_matrix(requests.history, len(self.prior), self.config.decay)
        scores: NDArray[np.float32] = (x @ self.similarity).toarray()
        scores += TIE * self.prior
        return scores

    def state(self) -> State:
        """The similarities and the popularity of every item."""
        return {
            "data": self.similarity.data,
            "indices": self.similarity.indices,
            "indptr": self.similarity.indptr,
            "prior": self.prior,
        }

    def with_catalogue(self, catalogue: Catalogue) -> Self:
        """Refused.

        Raises:
            Unsupported: always; an item without events is nobody's neighbour.
        """
        no_new_items(self.name)
