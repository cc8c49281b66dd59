"""Every index passes the same checks, and the checks can fail."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.retrieve import (
    ExactIndex,
    HNSWIndex,
    Index,
    IndexConfig,
    IndexHolder,
    build_index,
    load_index,
    save_index,
)
from penchant.testing import INDEX_CHECKS, FakeIndex, IndexCase
from penchant.testing.index_checks import index_vectors

SMALL = IndexConfig(kind="hnsw", links=4, ef_construction=30, recall=0.9, edges="inner-product")
CONFIGS = {"exact": IndexConfig(kind="exact"), "hnsw": SMALL}


@pytest.fixture
def reopened(tmp_path):
    def reopen(index):
        save_index(index, tmp_path / "index")
        return load_index(tmp_path / "index")

    return reopen


@pytest.mark.parametrize("check", INDEX_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", CONFIGS)
def test_an_index(check, kind, reopened):
    exact = kind == "exact"
    check(IndexCase(lambda vectors: build_index(vectors, CONFIGS[kind]), reopened, exact))


@pytest.mark.parametrize("check", INDEX_CHECKS, ids=lambda check: check.__name__)
def test_an_index_in_a_holder(check):
    check(IndexCase(lambda vectors: IndexHolder(build_index(vectors), by_itself=False)))


@pytest.mark.parametrize("check", INDEX_CHECKS, ids=lambda check: check.__name__)
def test_an_index_rebuilt_all_the_time(check):
    """A holder that rebuilds after every change still finds the same."""

    class Restless(IndexHolder):
        def _change(self, change):
            super()._change(change)
            assert self.rebuild().result(60)

    check(IndexCase(lambda vectors: Restless(build_index(vectors), by_itself=False)))


def test_the_kinds_are_what_they_say():
    vectors = index_vectors()
    assert isinstance(build_index(vectors, CONFIGS["exact"]), ExactIndex)
    assert isinstance(build_index(vectors, SMALL), HNSWIndex)
    for index in (
        *(build_index(vectors, config) for config in CONFIGS.values()),
        FakeIndex(vectors),
    ):
        assert isinstance(index, Index)


class Broken(FakeIndex):
    """A fake with one fault, as a mistake would put it there."""


class Forgetful(Broken):
    def remove(self, codes):
        pass


class Greedy(Broken):
    def search(self, vectors, k, allowed=None, without=None):
        codes, scores = super().search(vectors, k, None, without)
        if allowed is not None:  # filters after the search: too few are left
            mask = np.broadcast_to(allowed, (len(vectors), allowed.shape[-1]))
            for row in range(len(vectors)):
                out = [c < 0 or c >= mask.shape[1] or not mask[row, c] for c in codes[row]]
                codes[row, out], scores[row, out] = -1, -np.inf
        return codes, scores


class Backward(Broken):
    def search(self, vectors, k, allowed=None, without=None):
        codes, scores = super().search(vectors, k, allowed, without)
        return codes[:, ::-1], scores[:, ::-1]


class Twice(Broken):
    def add(self, vectors, codes=None):
        super().add(vectors)


@pytest.mark.parametrize(
    ("fault", "caught_by"),
    [
        (Forgetful, "removed_items_never_come_back"),
        (Greedy, "filters_are_filled"),
        (Backward, "the_best_are_found"),
        (Twice, "items_can_be_changed"),
        (FakeIndex, "bad_arguments_change_nothing"),
    ],
)
def test_a_fault_is_caught(fault, caught_by):
    checks = {check.__name__: check for check in INDEX_CHECKS}
    with pytest.raises((AssertionError, ValueError, TypeError, IndexError)):
        checks[caught_by](IndexCase(fault))
