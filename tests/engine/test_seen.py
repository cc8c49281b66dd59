"""How many held-out events a recommender was trained on, exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import penchant
from penchant.core import Holdout, IdMap, Interactions, Requests, Sequences
from penchant.engine.seen import seen
from penchant.testing import tiny_dataset


def test_none_of_a_split_is_seen(data):
    train, test = data.split("leave-last-out")
    assert penchant.Popularity().fit(train).seen(test) == 0


def test_everything_is_seen_by_a_model_of_all_events(data, tmp_path):
    _, test = data.split("leave-last-out")
    fitted = penchant.Popularity().fit(data)
    fitted.save(tmp_path / "run")
    assert (
        fitted.seen(test) == penchant.load(tmp_path / "run").seen(test) == len(test.truth.item) > 20
    )


@pytest.mark.parametrize("protocol", ["time:0.2", "cold-items:0.2", "new-users:0.2", "ratio:0.3"])
def test_every_protocol_keeps_its_answers_apart(data, protocol):
    train, test = data.split(protocol)
    assert penchant.Popularity().fit(train).seen(test) == 0
    assert penchant.Popularity().fit(data).seen(test) == len(test.truth.item) > 0


def test_the_same_item_at_another_time_is_another_event(data):
    _, test = data.split("leave-last-out")
    later = replace(test, truth=replace(test.truth, time=test.truth.time + 1))
    assert seen(data.interactions, later) == 0


def test_without_times_on_one_side_user_and_item_decide(data):
    _, test = data.split("leave-last-out")
    untimed = replace(test, truth=replace(test.truth, time=test.truth.time * 0), timed=False)
    assert seen(data.interactions, untimed) == len(test.truth.item)


def test_other_codes_and_strangers(data):
    _, test = data.split("leave-last-out")
    users = IdMap(["stranger", *reversed(data.interactions.users.ids)])
    items = IdMap(["unheard of", *reversed(data.catalogue.items.ids)])
    requests = test.requests.aligned(users, items)
    truth = test.truth.with_items(test.requests.items.onto(items)[test.truth.item])
    assert seen(data.interactions, replace(test, requests=requests, truth=truth)) == len(truth.item)
    nobody = replace(requests, user=np.zeros(len(requests), np.int32))
    assert seen(data.interactions, replace(test, requests=nobody, truth=truth)) == 0


def test_counted_one_by_one_it_is_the_same():
    data = tiny_dataset()
    train, test = data.split("ratio:0.5")
    some = data.interactions.events.where(
        np.random.default_rng(1).random(len(data.interactions)) < 0.6
    )
    mixed = train.interactions.with_events(some)
    events = {
        (row, item, when) for row, item, when in zip(some.row, some.item, some.time, strict=True)
    }
    asked = zip(test.requests.user[test.truth.row], test.truth.item, test.truth.time, strict=True)
    expected = sum(event in events for event in asked)
    assert 0 < expected < len(test.truth.item)
    assert seen(mixed, test) == expected


def test_of_440_thousand_events_every_held_out_one_is_found():
    rng = np.random.default_rng(0)
    users, items = IdMap(map(str, range(22_000))), IdMap(map(str, range(12_000)))
    lengths = np.full(22_000, 20)
    events = Sequences.of_items(lengths, rng.integers(0, 12_000, 440_000), rng.random(440_000))
    truth = events.last(1)
    requests = Requests(users, items, np.arange(22_000, dtype=np.int32), events.without_last(1))
    names = ("",) * 22_000
    holdout = Holdout(requests, truth, names, names, None, "leave-last-out", timed=True)
    assert seen(Interactions(users, items, events, timed=True), holdout) == 22_000
