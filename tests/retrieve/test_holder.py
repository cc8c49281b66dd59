"""Rebuilding and exchanging an index while it is used; nothing sleeps, events say when."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from penchant.retrieve import HNSWIndex, IndexConfig, IndexHolder, build_index
from penchant.testing import FakeIndex
from penchant.testing.index_checks import index_vectors

from .conftest import CONFIG, DIM, grouped

ASKED = index_vectors(16, seed=1)


class Paused:
    """``build_index`` that waits in the middle until it is told to go on."""

    def __init__(self):
        self.started, self.go_on, self.kinds = threading.Event(), threading.Event(), []

    def __call__(self, *args, **more):
        self.started.set()
        assert self.go_on.wait(60)
        more["tick"]()
        index = build_index(*args, **more)
        self.kinds.append(index.kind)
        return index


@pytest.fixture
def paused():
    return Paused()


@pytest.fixture
def holder(paused):
    holder = IndexHolder(build_index(index_vectors()), by_itself=False, build=paused)
    yield holder
    paused.go_on.set()
    holder.close()


def alike(holder, fake):
    found, right = holder.search(ASKED, 30), fake.search(ASKED, 30)
    return np.array_equal(found[0], right[0]) and np.array_equal(found[1], right[1])


def test_what_changes_during_a_rebuild_is_in_the_new_index(holder, paused):
    fake, first = FakeIndex(index_vectors()), holder.index
    done = holder.rebuild()
    assert paused.started.wait(60)
    for each in (holder, fake):
        each.add(2 * index_vectors(30, seed=2))
        each.remove(np.arange(0, 620, 3))
        each.add(3 * index_vectors(2, seed=3), np.array([4, 625]))
    assert alike(holder, fake)
    assert holder.index is first
    assert holder.status()["rebuilding"]
    paused.go_on.set()
    assert done.result(60)
    assert holder.index is not first
    assert alike(holder, fake)
    assert len(holder) == len(fake)
    assert not holder.status()["rebuilding"]
    assert holder.status()["rebuilt"] == 1


def test_the_arrays_of_a_caller_are_their_own(holder, paused):
    """What is repeated on the new index is what was added, whatever the array holds by then."""
    fake, done = FakeIndex(index_vectors()), holder.rebuild()
    assert paused.started.wait(60)
    vectors, codes = 2 * index_vectors(3, seed=2), np.array([1, 2, 3])
    holder.add(vectors, codes)
    fake.add(vectors, codes)
    vectors[:], codes[:] = 99, 7
    paused.go_on.set()
    assert done.result(60)
    assert alike(holder, fake)


def test_there_is_one_rebuild_at_a_time(holder, paused):
    assert holder.rebuild() is holder.rebuild()
    paused.go_on.set()
    assert holder.rebuild().result(60)
    assert len(paused.kinds) == 1


def test_a_rebuild_that_fails_leaves_the_index_as_it_was(caplog):
    def fails(*args, **more):
        raise MemoryError("no room")

    fake = FakeIndex(index_vectors())
    holder = IndexHolder(build_index(index_vectors()), by_itself=False, build=fails)
    with pytest.raises(MemoryError):
        holder.rebuild().result(60)
    assert alike(holder, fake)
    for each in (holder, fake):
        each.add(index_vectors(5, seed=4))
    assert alike(holder, fake)
    assert holder.status()["rebuild_failure"] == "MemoryError: no room"
    assert "could not be rebuilt" in caplog.text


def test_another_index_takes_its_place_and_the_rebuild_is_given_up(holder, paused):
    done = holder.rebuild()
    assert paused.started.wait(60)
    other = build_index(index_vectors(50, seed=9))
    holder.replace(other)
    paused.go_on.set()
    assert done.result(60) is False
    assert holder.index is other
    assert holder.rebuild().result(60)
    assert alike(holder, FakeIndex(index_vectors(50, seed=9)))


def test_closing_gives_a_rebuild_up(holder, paused):
    first, done = holder.index, holder.rebuild()
    assert paused.started.wait(60)
    closing = threading.Thread(target=holder.close)
    closing.start()
    assert holder._closed.wait(60)
    paused.go_on.set()
    closing.join(60)
    assert done.result(0) is False
    assert holder.index is first


def test_an_index_that_is_overdue_is_rebuilt_by_itself():
    vectors = grouped(600)
    holder = IndexHolder(build_index(vectors, CONFIG))
    holder.add(vectors[:60])
    assert holder._rebuild is None
    holder.add(vectors[60:61])
    assert holder._rebuild.result(60)
    assert isinstance(holder.index, HNSWIndex)
    assert holder.status()["changed_since_built"] == 0
    assert len(holder) == 661


def test_an_exact_index_that_outgrows_itself_becomes_a_graph():
    vectors = grouped(600)
    config = IndexConfig(exact_below=700, links=8, ef_construction=30)
    holder = IndexHolder(build_index(vectors, config))
    assert holder.status()["kind"] == "exact"
    holder.add(vectors[:150])
    assert holder._rebuild.result(60)
    assert holder.status()["kind"] == "hnsw"


GONE = np.arange(1, 100, 2)
GIVEN = [1, 2, 3, 4, 5, 6, 7, 20]
"""All vectors are ones, times a number of these."""


def fault_of(codes, scores, allowed):
    """What is wrong with lists that were found while others changed the index; None if nothing."""
    listed = codes >= 0
    if not listed.all():
        return "a list that is short"
    if any(len({*row}) != codes.shape[1] for row in codes):
        return "an item twice"
    if np.isin(codes, GONE).any():
        return "a removed item"
    if not np.isin(scores / DIM, GIVEN).all():
        return "a torn vector"
    if not (codes < len(allowed)).all() or not allowed[codes].all():
        return "an item that is not allowed"
    return None


@pytest.mark.parametrize("kind", ["exact", "hnsw"])
def test_searches_are_right_while_others_add_remove_and_rebuild(kind):
    """Every list is one that some moment would have given."""
    vectors = np.ones((400, DIM), np.float32) * (1 + np.arange(400)[:, None] % 7)
    config = IndexConfig(kind=kind, links=8, ef_construction=20, edges="inner-product")
    holder = IndexHolder(build_index(vectors, config), by_itself=False)
    holder.remove(GONE)
    stop, asked = threading.Event(), np.ones((3, DIM), np.float32)

    def search(seed):
        draw, faults, lists = np.random.default_rng(seed), set(), 0
        while not stop.is_set():
            allowed = draw.random(len(holder)) < draw.choice([0.6, 1.1])
            codes, scores = holder.search(asked, 20, allowed)
            faults.add(fault_of(codes, scores, allowed))
            lists += len(codes)
        return faults, lists

    def change():
        for step in range(60):
            holder.add(np.full((5, DIM), 20, np.float32))
            holder.add(np.full((10, DIM), 20, np.float32), np.arange(100, 110))
            holder.remove(np.arange(400 + 5 * step, 403 + 5 * step))
            if step % 20 == 10:
                holder.rebuild()

    with ThreadPoolExecutor(4) as pool:
        searches = [pool.submit(search, seed) for seed in range(3)]
        try:
            pool.submit(change).result(120)
        finally:
            stop.set()
        found = [each.result(60) for each in searches]
    holder.close()
    assert set.union(*(faults for faults, _ in found)) == {None}
    assert sum(lists for _, lists in found) > 100
    assert len(holder) == 700
