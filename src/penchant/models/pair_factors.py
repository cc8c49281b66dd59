"""A fitted posterior with its side features: what it foretells for histories, items and pairs.

A user's vector is never stored: it is worked out from the history that is asked with, exactly, as
the normal distribution that the user's values leave (one small linear system a sample). So a known
user, a user with newer events and somebody new are answered in one way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from penchant.core import Interactions, Sequences, State

from .pair_config import PairConfig
from .posterior import Chain, Posterior, Values, sample
from .side_features import SideFeatures, user_attributes

if TYPE_CHECKING:
    from penchant.data import Dataset


@dataclass(frozen=True)
class Vectors:
    """What a history says, in every sample; see :meth:`PairFactors.vectors`.

    Attributes:
        user: (rows, samples, dim + 1), a user's factors and, last, the bias.
    """

    user: NDArray[np.float32]

    @property
    def bias(self) -> NDArray[np.float32]:
        """The mean bias of each row, (rows,)."""
        bias: NDArray[np.float32] = self.user[:, :, -1].mean(axis=1)
        return bias


@dataclass(frozen=True)
class PairFactors:
    """Bayesian matrix factorisation that answers for any history.

    Attributes:
        side: features of users and items.
        posterior: samples.
    """

    side: SideFeatures
    posterior: Posterior

    @classmethod
    def fit(
        cls,
        train: Dataset,
        labels: Sequences,
        vectors: NDArray[np.float32],
        sizes: PairConfig,
        rng: np.random.Generator,
        interactions: Interactions | None = None,
    ) -> Self:
        """Sample.

        Args:
            train: for the attributes of the users.
            labels: events with a value, one row a user.
            vectors: of the items' texts, (items, text dim).
            sizes: the settings.
            rng: all randomness.
            interactions: the events seen; those of ``train`` unless given.
        """
        seen = interactions or train.interactions
        about = user_attributes(train.users, tuple(seen.users.ids))
        side = SideFeatures.of(seen, vectors, about, sizes.text, sizes.together)
        given = Values(labels.row, labels.item, labels.value.astype(np.float64))
        chain = Chain(sizes.dim, sizes.sweeps, sizes.samples)
        users = side.users(np.arange(len(seen.users), dtype=np.int32), seen.events)
        return cls(side, sample(given, users, side.items(), chain, rng))

    def vectors(self, user: NDArray[np.int32], history: Sequences) -> Vectors:
        """The vectors of those asked about, from what they did.

        Args:
            user: codes, ``UNKNOWN`` for somebody new, (rows,).
            history: events; those with a value are labels, the others only say what was seen.
        """
        first, place = _distinct(user, history)
        if len(first) < len(user):
            return Vectors(self.vectors(user[first], history[first]).user[place])
        p = self.posterior
        about = self.side.users(user, history).astype(np.float32)
        centre = np.einsum("rf,sfd->rsd", about, p.user_weights, optimize=True)
        pull = np.einsum("rsd,sde->rse", centre, p.user_precision, optimize=True)
        precision = np.tile(p.user_precision, (len(user), 1, 1, 1))  # (rows, samples, d, d)
        told = history.where(~np.isnan(history.value))
        for row in np.flatnonzero(told.lengths):
            part = slice(told.indptr[row], told.indptr[row + 1])
            seen = p.items[:, told.item[part]]  # (samples, events, d)
            left = told.value[part] - p.mean - seen[:, :, -1]  # (samples, events)
            seen[:, :, -1] = 1.0  # a copy: picked by codes
            turned = seen.transpose(0, 2, 1) * p.noise[:, None, None]
            precision[row] += turned @ seen
            pull[row] += (turned @ left[:, :, None])[:, :, 0]
        return Vectors(np.linalg.solve(precision, pull[..., None])[..., 0].astype(np.float32))

    def all_items(self, vectors: Vectors) -> NDArray[np.float32]:
        """What is foretold for every item, (rows, items)."""
        user, items = vectors.user, self.posterior.items
        samples, dim = items.shape[0], items.shape[2] - 1
        left = user[:, :, :dim].reshape(len(user), samples * dim)  # (rows, samples * dim)
        right = items[:, :, :dim].transpose(0, 2, 1).reshape(samples * dim, items.shape[1])
        level = self.posterior.mean + vectors.bias[:, None] + self.item_bias
        scores: NDArray[np.float32] = (left @ right / samples + level).astype(np.float32)
        return scores

    def of_pairs(self, vectors: Vectors, item: NDArray[np.int32]) -> NDArray[np.float32]:
        """What matching adds for one item each, without biases and mean, (rows,)."""
        items = self.posterior.items[:, item, :-1]  # (samples, rows, dim)
        samples = items.shape[0]
        total: NDArray[np.float32] = np.einsum("rsd,srd->r", vectors.user[:, :, :-1], items)
        return total / np.float32(samples)

    @property
    def item_bias(self) -> NDArray[np.float32]:
        """The mean bias of each item, (items,)."""
        bias: NDArray[np.float32] = self.posterior.items[:, :, -1].mean(axis=0)
        return bias

    def with_texts(self, vectors: NDArray[np.float32]) -> PairFactors:
        """The same with more items: each stands at the centre that its text gives it."""
        side = self.side.extended(vectors)
        about = side.items()[len(self.side.events) :].astype(np.float32)
        p = self.posterior
        new = np.einsum("if,sfd->sid", about, p.item_weights, optimize=True)
        items = np.concatenate([p.items, new.astype(np.float32)], axis=1)
        posterior = Posterior(
            p.mean, p.noise, items, p.item_weights, p.user_weights, p.user_precision
        )
        return PairFactors(side, posterior)

    def state(self) -> State:
        """Every array by name."""
        p = self.posterior
        return {
            **self.side.state(),
            "mean": np.array([p.mean]),
            "noise": p.noise,
            "items": p.items,
            "item_weights": p.item_weights,
            "user_weights": p.user_weights,
            "user_precision": p.user_precision,
        }

    @classmethod
    def restore(cls, state: State) -> Self:
        """What gave this ``state``."""
        names = ("noise", "items", "item_weights", "user_weights", "user_precision")
        posterior = Posterior(float(state["mean"][0]), *(state[name] for name in names))
        return cls(SideFeatures.restore(state), posterior)


def _distinct(
    user: NDArray[np.int32], history: Sequences
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first row of each question that is asked, and which of those each row is."""
    place: dict[tuple[int, bytes, bytes], int] = {}
    first: list[int] = []
    number = np.zeros(len(user), np.int64)
    for row, (start, end) in enumerate(zip(history.indptr[:-1], history.indptr[1:], strict=True)):
        key = (
            int(user[row]),
            history.item[start:end].tobytes(),
            history.value[start:end].tobytes(),
        )
        number[row] = place.setdefault(key, len(place))
        if len(place) > len(first):
            first.append(row)
    return np.array(first, np.int64), number
