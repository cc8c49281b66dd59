"""Vectors with a shape: groups of items, as catalogues have them."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.retrieve import HNSWIndex, IndexConfig, build_index

ITEMS, DIM = 4000, 24
CONFIG = IndexConfig(kind="hnsw", links=8, ef_construction=40, edges="inner-product")


def grouped(items=ITEMS, dim=DIM, seed=0):
    draw = np.random.default_rng(seed)
    centres = draw.standard_normal((80, dim))
    noise = 0.7 * draw.standard_normal((items, dim))
    return (centres[draw.integers(0, 80, items)] + noise).astype(np.float32)


@pytest.fixture(scope="session")
def vectors():
    return grouped()


@pytest.fixture(scope="session")
def questions(vectors):
    """Sums of two items: somebody with two tastes."""
    one, other = np.random.default_rng(1).integers(0, ITEMS, (2, 100))
    return vectors[one] + vectors[other]


@pytest.fixture(scope="session")
def built(vectors):
    return build_index(vectors, CONFIG)


@pytest.fixture
def graph_index(built):
    """A fresh index over a graph that is built once: it never changes."""
    codes = np.arange(ITEMS, dtype=np.int32)
    return HNSWIndex(built.graph, built.recall, codes, ITEMS, CONFIG)


@pytest.fixture
def exact_index(vectors):
    return build_index(vectors, IndexConfig(kind="exact"))
