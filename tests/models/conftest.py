"""A small world: 60 users, 40 items of which the last three have no events, and a toy language."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from penchant.core import Catalogue, IdMap, Interactions, Requests, Sequences
from penchant.data import Dataset

USERS, ITEMS, COLD, DAY = 60, 40, 3, 86_400.0


class ToyEncoder:
    """Each word has a fixed random vector; a text is the sum of its words."""

    dim = 16
    digest = "toy"

    def encode(self, texts: tuple[str, ...]) -> np.ndarray:
        return np.array([sum(map(self.word, t.split()), np.zeros(16)) for t in texts], np.float32)

    def word(self, word: str) -> np.ndarray:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "little")
        return np.random.default_rng(seed).normal(size=16)


@pytest.fixture
def toy_language(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """``load_encoder`` gives the toy; the list holds the names it was asked for."""
    asked: list[str] = []

    def load(name: str) -> ToyEncoder:
        asked.append(name)
        return ToyEncoder()

    monkeypatch.setattr("penchant.language.load_encoder", load)
    return asked


def catalogue_of(texts: Sequence[str]) -> Catalogue:
    ids = IdMap(f"i{n}" for n in range(len(texts)))
    return Catalogue(ids, tuple(texts), tuple(ids), pl.DataFrame({"item_id": ids.ids}), "{text}")


def dataset_of(histories: Sequence[Sequence[int]], texts: Sequence[str], times=None) -> Dataset:
    """A data set of these item codes, a list a user; ``times`` in seconds, all users' in a row."""
    catalogue = catalogue_of(texts)
    lengths = np.array([len(h) for h in histories])
    flat = np.array([i for h in histories for i in h], np.int64)
    time = None if times is None else np.array(times, np.float64)
    events = Sequences.of_items(lengths, flat, time)
    users = IdMap(f"u{n}" for n in range(len(histories)))
    interactions = Interactions(users, catalogue.items, events, timed=times is not None)
    return Dataset(interactions, catalogue)


def requests_of(data: Dataset, histories, users=None, queries=None) -> Requests:
    flat = np.array([i for h in histories for i in h], np.int64)
    history = Sequences.of_items(np.array([len(h) for h in histories]), flat)
    user = np.full(len(histories), -1) if users is None else np.array(users)
    interactions = data.interactions
    return Requests(interactions.users, interactions.items, user.astype(np.int32), history, queries)


@pytest.fixture
def world():
    return World()


class World:
    """Makers of small data, so that a test says only what matters to it."""

    dataset = staticmethod(dataset_of)
    requests = staticmethod(requests_of)
    catalogue = staticmethod(catalogue_of)

    def random(self, seed: int = 0) -> Dataset:
        rng = np.random.default_rng(seed)
        popular = np.arange(1, ITEMS - COLD + 1) ** -0.7
        popular /= popular.sum()
        histories = [
            rng.choice(ITEMS - COLD, rng.integers(2, 12), replace=False, p=popular).tolist()
            for _ in range(USERS)
        ]
        words = ["red", "blue", "slow", "warm", "night", "sea", "war", "love"]
        texts = [" ".join(rng.choice(words, 3)) for _ in range(ITEMS)]
        texts[5] = ""
        times = np.concatenate([np.sort(rng.uniform(0, 90 * DAY, len(h))) for h in histories])
        return dataset_of(histories, texts, times)

    def dense(self, histories, items: int) -> np.ndarray:
        """0/1 matrix (rows, items) float64."""
        x = np.zeros((len(histories), items))
        for row, history in enumerate(histories):
            x[row, list(history)] = 1.0
        return x

    def histories(self, data: Dataset) -> list[list[int]]:
        events = data.interactions.events
        return [events.items_of(row).tolist() for row in range(len(events))]
