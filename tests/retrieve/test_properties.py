"""Whatever is added, changed, removed and asked: an exact index is the plainest one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import penchant.retrieve.exact as exact_room
import penchant.retrieve.tail as tail_room
from penchant.retrieve import IndexConfig, build_index, load_index, save_index
from penchant.testing import FakeIndex

DIM = 3
values = st.integers(-3, 3)
vectors = st.lists(st.lists(values, min_size=DIM, max_size=DIM), max_size=12)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), vectors),
        st.tuples(st.just("change"), vectors, st.integers(0, 2**32 - 1)),
        st.tuples(st.just("remove"), st.integers(0, 2**32 - 1), st.floats(0, 1)),
        st.tuples(st.just("save")),
    ),
    max_size=8,
)


def rows(given):
    return np.array(given, np.float32).reshape(-1, DIM)


def asked_alike(index, fake, draw):
    questions = draw.integers(-3, 4, (4, DIM)).astype(np.float32)
    size = len(fake)
    k = int(draw.integers(0, size + 3))
    masks = (None, draw.random(size) < draw.random(), draw.random((4, size + 2)) < 0.5)
    mask = masks[draw.integers(3)]
    lists = [draw.integers(-1, size + 1, draw.integers(0, 6)) for _ in range(4)]
    without = (None, lists)[draw.integers(2)]
    found, right = (each.search(questions, k, mask, without) for each in (index, fake))
    np.testing.assert_array_equal(found[0], right[0])
    np.testing.assert_array_equal(found[1], right[1])


@pytest.fixture
def small_steps(monkeypatch):
    """Merging and packing happen after a few rows, where thousands would be needed otherwise."""
    monkeypatch.setattr(exact_room, "_TAIL", 6)
    monkeypatch.setattr(tail_room, "_LEAST", 2)


@pytest.mark.slow
@given(first=vectors, done=steps, seed=st.integers(0, 2**32 - 1))
@settings(max_examples=100)
def test_an_exact_index_is_brute_force(first, done, seed, tmp_path_factory):
    follow(build_index(rows(first), IndexConfig(kind="exact")), first, done, seed, tmp_path_factory)


@pytest.mark.slow
@given(first=vectors, done=steps, seed=st.integers(0, 2**32 - 1))
@settings(max_examples=100)
@pytest.mark.usefixtures("small_steps")
def test_also_when_it_merges_and_packs_all_the_time(first, done, seed, tmp_path_factory):
    follow(build_index(rows(first), IndexConfig(kind="exact")), first, done, seed, tmp_path_factory)


def done_to(index, fake, name, more):
    """One change, on both."""
    for each in (index, fake):
        if name == "add":
            each.add(rows(more[0]))
        elif name == "change" and len(fake):
            codes = np.random.default_rng(more[1]).integers(0, len(fake), len(more[0]))
            each.add(rows(more[0]), codes)
        elif name == "remove":
            gone = np.random.default_rng(more[0]).random(len(fake)) < more[1]
            each.remove(np.flatnonzero(gone))


def follow(index, first, done, seed, folders):
    fake, draw = FakeIndex(rows(first)), np.random.default_rng(seed)
    asked_alike(index, fake, draw)
    for name, *more in done:
        done_to(index, fake, name, more)
        if name == "save":
            folder = folders.mktemp("saved") / "index"
            save_index(index, folder)
            index = load_index(folder)
        asked_alike(index, fake, draw)
    assert len(index) == len(fake)
    assert index.standing.count == len(fake.vectors)
