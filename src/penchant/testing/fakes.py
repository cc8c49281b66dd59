"""A stand-in for every seam: small, exact, and without torch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from penchant.core import (
    Abilities,
    Catalogue,
    Interactions,
    Real,
    Requests,
    Sequences,
    Space,
    State,
)
from penchant.data import Dataset

DIM = 16


class FakeEncoder:
    """An encoder whose vector is the sum of a fixed random vector a word: alike words, alike vectors.

    Attributes:
        calls: the texts of each call so far, so that a test can see what was encoded.
    """

    dim = DIM
    digest = hashlib.sha256(b"fake encoder").hexdigest()

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []

    def encode(self, texts: tuple[str, ...]) -> NDArray[np.float32]:
        """Vectors (texts, 16); zeros for a text without words."""
        self.calls.append(texts)
        return _vectors(texts)


@dataclass(frozen=True)
class FakeConfig:
    """What can be set in the fake."""

    decay: float = 0.8
    """How much the item before counts for each item of a history, from the newest back."""


class FakeModel:
    """A model of all abilities that follows every rule: cosines of hashed words.

    State: ``vectors`` (items, 16) float32, ``prior`` (items,) float32.
    """

    name: str = "fake"
    abilities: Abilities = Abilities(new_users=True, new_items=True, queries=True)
    Config: ClassVar[type[FakeConfig]] = FakeConfig
    space: ClassVar[Space] = {"decay": Real(0.1, 1.0)}

    def __init__(
        self, config: FakeConfig, vectors: NDArray[np.float32], prior: NDArray[np.float32]
    ) -> None:
        self.config = config
        self.vectors = vectors
        self.prior = prior

    @classmethod
    def fit(cls, config: FakeConfig, train: Dataset, seed: int = 0) -> Self:
        """Hash the texts and count the events."""
        counts = train.interactions.counts()
        prior = (counts / max(1, counts.max(initial=0))).astype(np.float32)
        return cls(config, _vectors(train.catalogue.texts), prior)

    @classmethod
    def restore(
        cls, config: FakeConfig, state: State, catalogue: Catalogue, interactions: Interactions
    ) -> Self:
        """The model that gave this ``state``."""
        return cls(config, state["vectors"], state["prior"])

    def score(self, requests: Requests) -> NDArray[np.float32]:
        """Dot products (rows, items) with the faded history and the words, popularity for ties."""
        profile = self._profile(requests)
        # one row at a time: the sum of a row must not depend on how many rows there are
        scores = [self.vectors @ row + np.float32(0.01) * self.prior for row in profile]
        return np.stack(scores) if scores else np.zeros((0, len(self.vectors)), np.float32)

    def item_vectors(self) -> NDArray[np.float32]:
        """Text and popularity, (items, 17)."""
        return self._items

    def user_vectors(self, requests: Requests) -> NDArray[np.float32]:
        """The faded history and the words, and what popularity counts, (rows, 17)."""
        profile = self._profile(requests)
        return np.concatenate([profile, np.full((len(profile), 1), 0.01, np.float32)], axis=1)

    def text_vectors(self) -> NDArray[np.float32]:
        """Hashed words of length 1, (items, 16)."""
        return _unit(self.vectors)

    def read(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Hashed words of length 1, (texts, 16)."""
        return _unit(_vectors(tuple(texts)))

    def with_texts(self, items: NDArray[np.integer], texts: Sequence[str]) -> Self:
        """The same model with other texts of some items."""
        vectors = self.vectors.copy()
        vectors[items] = _vectors(tuple(texts))
        return type(self)(self.config, vectors, self.prior)

    @cached_property
    def _items(self) -> NDArray[np.float32]:
        return np.concatenate([self.vectors, self.prior[:, None]], axis=1)

    def _profile(self, requests: Requests) -> NDArray[np.float32]:
        profile = _faded(requests.history, self.vectors, self.config.decay)
        if requests.queries is not None:
            profile += _vectors(tuple(query or "" for query in requests.queries))
        return profile

    def state(self) -> State:
        """What was learned."""
        return {"vectors": self.vectors, "prior": self.prior}

    def with_catalogue(self, catalogue: Catalogue) -> Self:
        """Hash the new texts."""
        new = _vectors(catalogue.texts[len(self.vectors) :])
        prior = np.concatenate([self.prior, np.zeros(len(new), np.float32)])
        return type(self)(self.config, np.concatenate([self.vectors, new]), prior)


def _vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    out = np.zeros((len(texts), DIM), np.float32)
    for row, text in enumerate(texts):
        for word in text.lower().split():
            seed = int.from_bytes(hashlib.sha256(word.strip(".,").encode()).digest()[:8], "little")
            out[row] += np.random.default_rng(seed).standard_normal(DIM).astype(np.float32)
    return out


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = vectors / np.maximum(length, np.float32(1e-12))
    return scaled


def _faded(history: Sequences, vectors: NDArray[np.float32], decay: float) -> NDArray[np.float32]:
    age = history.indptr[1:][history.row] - 1 - np.arange(len(history.item))
    out = np.zeros((len(history), DIM), np.float32)
    np.add.at(out, history.row, vectors[history.item] * (decay**age)[:, None].astype(np.float32))
    return out
