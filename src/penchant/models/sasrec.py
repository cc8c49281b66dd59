"""SASRec: a causal transformer over item ids."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from penchant.core import (
    Abilities,
    Catalogue,
    Choice,
    Interactions,
    Real,
    Requests,
    Space,
    State,
)

from .base import no_new_items, no_queries, popularity_prior
from .sequence_config import SequenceConfig

if TYPE_CHECKING:
    from torch import Tensor

    from penchant.data import Dataset

    from .next_item import NextItem
    from .update_config import UpdateConfig


@dataclass(frozen=True)
class SASRecConfig(SequenceConfig):
    """Settings of SASRec."""


class SASRec:
    """The next item from the order of the last ones, each item a learned vector.

    Scores are ``h_u . e_i`` with ``h_u`` the transformer's state after the last event. Trained
    with full or sampled softmax, which is worth half as much again over the binary loss of the
    paper (A. Klenitskiy and A. Vasilev, "Turning Dross Into Gold Loss", RecSys 2023).

    State: the weights by their path in the network.

    Source: W.-C. Kang and J. McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018.
    """

    name: str = "sasrec"
    abilities: Abilities = Abilities(new_users=True, new_items=False, queries=False)
    Config: ClassVar[type[SASRecConfig]] = SASRecConfig
    space: ClassVar[Space] = {
        "dropout": Choice((0.1, 0.2, 0.3, 0.4, 0.5)),
        "learning_rate": Real(5e-4, 4e-3, log=True),
        "dim": Choice((64, 128, 256)),
    }

    def __init__(self, config: SASRecConfig, network: NextItem, prior: NDArray[np.float32]) -> None:
        self.config = config
        self.network = network.eval()
        self.prior = prior

    @classmethod
    def fit(cls, config: SASRecConfig, train: Dataset, seed: int = 0) -> Self:
        """Learn from training events.

        Raises:
            TrainingFailed: nobody has two events, or the loss is not a number.
        """
        from .sequence import fit_network

        fitted = fit_network(lambda seen: _network(config, seen), config, train, seed, cls.name)
        return cls(config, fitted.network, popularity_prior(train.interactions))

    @classmethod
    def restore(
        cls, config: SASRecConfig, state: State, catalogue: Catalogue, interactions: Interactions
    ) -> Self:
        """The model that gave this ``state``."""
        from .weights import load_weights

        network = load_weights(_network(config, interactions), state)
        return cls(config, network, popularity_prior(interactions))

    def score(self, requests: Requests) -> NDArray[np.float32]:
        """Scores (rows, items); items without training events get the lowest of their row.

        Raises:
            Unsupported: a row has a query.
        """
        no_queries(self.name, requests)
        scores = self.network.score(requests.history.last(self.config.history), self._items)
        cold = self.prior == 0
        if cold.any() and not cold.all():
            scores[:, cold] = scores[:, ~cold].min(axis=1, keepdims=True)
        scores[requests.history.lengths == 0] = self.prior
        return scores

    def item_vectors(self) -> NDArray[np.float32]:
        """Learned vectors (items, dim); zeros for items without training events."""
        return self._vectors

    def user_vectors(self, requests: Requests) -> NDArray[np.float32]:
        """States after the last events (rows, dim); zeros for an empty history.

        Raises:
            Unsupported: a row has a query.
        """
        no_queries(self.name, requests)
        return self.network.users(requests.history.last(self.config.history), self._items)

    @cached_property
    def _items(self) -> Tensor:
        return self.network.items()

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        cold = self.prior == 0
        vectors: NDArray[np.float32] = self._items.numpy()
        return np.where(cold[:, None], np.float32(0), vectors) if cold.any() else vectors

    def state(self) -> State:
        """The weights."""
        from .weights import weights_of

        return weights_of(self.network)

    def updated(
        self, config: UpdateConfig, data: Dataset, new: NDArray[np.bool_], seed: int = 0
    ) -> Self:
        """The model after new events, as of :class:`~penchant.models.updating.Updatable`.

        New items get vectors as at the beginning of a training, drawn by the seed.
        """
        import torch

        from .update import material, updated_network

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            table: Any = self.network.table
            start = self.network.learning(table.learning(len(data.catalogue)), kinds=1)
        given = material(data.interactions, new, self.config, config, seed)
        network = updated_network(start, given, self.config, config, seed, self.name)
        return type(self)(self.config, network, popularity_prior(data.interactions))

    def with_catalogue(self, catalogue: Catalogue) -> Self:
        """Refused.

        Raises:
            Unsupported: always; SASRec has no vector for an item without events.
        """
        no_new_items(self.name)


def _network(config: SASRecConfig, interactions: Interactions) -> NextItem:
    from .item_table import IdTable
    from .next_item import next_item

    table = IdTable(len(interactions.items), config.dim)
    return next_item(table, config, scale=config.dim**0.5)
