"""Asks as a model is told of them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from penchant.core import UNKNOWN, Abilities, Interactions, Sequences
from penchant.engine import Ask, Past
from penchant.engine.histories import completed
from penchant.engine.questions import Asking
from penchant.testing import tiny_dataset

ALL = Abilities(new_users=True, new_items=True, queries=True)


def asking(interactions: Interactions, abilities: Abilities = ALL) -> Asking:
    return Asking(interactions, interactions.items, abilities, "fake")


@pytest.fixture(scope="module")
def interactions():
    """Views count 1 and purchases 5."""
    given = tiny_dataset().interactions
    kind = np.arange(len(given.events.item)) % 2
    events = replace(
        given.events, kind=kind.astype(np.int16), weight=np.where(kind, 5, 1).astype(np.float32)
    )
    return replace(given, events=events, kinds=("view", "purchase"))


def test_the_stored_past_is_that_of_the_training_events(interactions):
    asked = asking(interactions)
    requests = asked.requests([asked.question(Ask("u2")), asked.question(Ask("u5"))])
    users = interactions.users.codes(["u2", "u5"])
    nothing = Sequences.of_items(np.zeros(2, np.int64), np.zeros(0, np.int32))
    wanted = completed(replace(requests, history=nothing), interactions)
    assert requests.user.tolist() == users.tolist()
    for part in ("indptr", "item", "time", "weight", "kind"):
        assert np.array_equal(getattr(requests.history, part), getattr(wanted.history, part))


def test_the_same_past_told_is_the_same_to_the_model(interactions):
    asked = asking(interactions)
    stored = asked.question(Ask("u2"))
    names = interactions.items.names(stored.events.item)
    kinds = [interactions.kinds[kind] for kind in stored.events.kind]
    past = tuple(map(Past, names, stored.events.time.tolist(), kinds))
    told = asked.question(Ask("u2", past))
    assert told.key == stored.key
    assert told.seen.kinds == tuple(stored.seen.kinds)
    assert asked.question(Ask("u2", past[:-1])).key != stored.key


def test_an_event_counts_what_its_kind_counted_in_training(interactions):
    asked = asking(interactions)
    past = (Past("s1", 1e9, "purchase"), Past("s2", 1e9, "view"), Past("s3", 1e9, "rare"))
    events = asked.question(Ask(past=past)).events
    assert events.weight.tolist() == [5.0, 1.0, 1.0]
    assert events.kind.tolist() == [1, 0, 0]


def test_items_that_are_not_there_are_seen_but_not_told(interactions):
    question = asking(interactions).question(Ask(past=(Past("gone"), Past("s1"))))
    assert question.events.item.tolist() == [interactions.items.code("s1")]
    assert question.seen.codes.tolist() == [UNKNOWN, interactions.items.code("s1")]


def test_times_that_are_not_known_come_after_all_training(interactions):
    newest = float(interactions.events.time.max())
    past = (Past("s1", 5.0), Past("s2"), Past("s3", math.nan))
    times = asking(interactions).question(Ask(past=past)).events.time
    assert times.tolist() == [5.0, newest + 1, newest + 2]


def test_where_training_had_positions_a_past_has_them_too(interactions):
    bare = asking(replace(interactions, timed=False))
    question = bare.question(Ask(past=(Past("s2", 1e9), Past("s1", 2e9))))
    assert question.events.time.tolist() == [0.0, 1.0]
    assert question.seen.times.tolist() == [1e9, 2e9]  # the policy counts days
    assert np.isnan(bare.question(Ask("u2")).seen.times).all()


def test_words_of_blanks_are_no_words(interactions):
    asked = asking(interactions, replace(ALL, queries=False))
    assert asked.question(Ask("u2", query=" \n")).query is None


def test_who_a_model_of_known_users_can_rank_for(interactions):
    asked = asking(interactions, replace(ALL, new_users=False))
    able = {
        ask: asked.able(asked.question(ask))
        for ask in (Ask("u2"), Ask("nobody"), Ask("x"), Ask(past=(Past("s1"),)), Ask("u2", ()))
    }
    assert [ask for ask, can in able.items() if can] == [Ask("u2")]
