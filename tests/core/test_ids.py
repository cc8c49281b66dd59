"""Ids and their codes, however a map came to be."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.core import UNKNOWN, IdMap, SharedTuple

WORDS = st.lists(st.sampled_from("abcdefgh"), max_size=4)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 9), WORDS), max_size=8))
def test_maps_that_share_memory_are_as_maps_of_their_own(steps):
    """Any map is extended at any time; each stays what a plain one of its ids is."""
    made, plain = [IdMap([])], [[]]
    for which, more in steps:
        at = which % len(made)
        made.append(made[at].extended(more))
        plain.append([*plain[at], *dict.fromkeys(w for w in more if w not in plain[at])])
    for ids, names in zip(made, plain, strict=True):
        own = IdMap(names)
        assert list(ids) == names
        assert ids == own
        assert hash(ids) == hash(own)
        assert ids.digest == own.digest
        assert [ids.code(word) for word in "abcdefgh"] == [own.code(word) for word in "abcdefgh"]
        assert ids.codes("hgfedcba").tolist() == own.codes("hgfedcba").tolist()
        assert [word in ids for word in "abcdefgh"] == [word in own for word in "abcdefgh"]


def test_a_longer_map_costs_its_new_ids_only():
    ids = IdMap(map(str, range(1000)))
    longer = ids.extended(["new"])
    assert longer.ids._room is ids.ids._room
    assert longer._code is ids._code
    assert ids.code("new") == UNKNOWN
    assert "new" not in ids


def test_of_many_who_extend_a_map_each_gets_their_own():
    ids = IdMap(map(str, range(100)))
    begin = threading.Barrier(8)

    def extend(who):
        begin.wait(30)
        mine = ids
        for number in range(50):
            mine = mine.extended([f"{who}-{number}"])
        return list(mine) == [*map(str, range(100)), *(f"{who}-{n}" for n in range(50))] and all(
            mine.code(name) == code for code, name in enumerate(mine)
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(extend, "abcdefgh"))


@given(st.lists(st.integers(), max_size=6), st.lists(st.integers(), max_size=6), st.slices(6))
def test_a_shared_tuple_is_a_tuple(first, more, part):
    short = SharedTuple(first)
    long = short.extended(more)
    other = short.extended([7])
    assert tuple(short) == short[:] == tuple(first)
    assert long == (*first, *more)
    assert other == (*first, 7)
    assert len(long) == len(first) + len(more)
    assert long[part] == (*first, *more)[part]
    assert [long[-at - 1] for at in range(len(long))] == [*reversed((*first, *more))]
    assert (long == short) == (not more)
    assert 7 in other
    assert long != [*first, *more]
