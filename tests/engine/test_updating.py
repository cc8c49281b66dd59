"""One call for every model: it has learned from new events too, and the old one serves on."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pytest

from penchant.core import IdMap, UsageError
from penchant.engine import Estimator, by_name, updated
from penchant.models import Ease, EaseConfig, SASRec, SASRecConfig, UpdateConfig
from penchant.testing import FILMS, tiny_catalogue, tiny_dataset

SMALL = SASRecConfig(dim=8, layers=1, epochs=2)
MORE = {**FILMS, "fresh": "Saturn by Night. Lonely robots in space"}


def part(data, keep):
    """The data set with some of its events."""
    people = data.interactions
    return dataclasses.replace(data, interactions=people.with_events(people.events.where(keep)))


def without_last(data):
    """The data set before the last event of each user of 3 or more; which events those are."""
    events = data.interactions.events
    last = np.zeros(len(events.item), bool)
    last[events.indptr[1:][events.lengths >= 3] - 1] = True
    return part(data, ~last), last


def same(one, other):
    one, other = one.model.state(), other.model.state()
    return one.keys() == other.keys() and all(np.array_equal(one[n], other[n]) for n in one)


def test_what_is_new_can_be_flags_a_time_or_whatever_the_recommender_lacks():
    data = tiny_dataset()
    before, last = without_last(data)
    serving = Estimator(SASRec, SMALL).fit(before)
    by_flag, by_itself = updated(serving, data, last), updated(serving, data)
    assert same(by_flag, by_itself)
    assert not same(by_itself, serving)
    noon = float(np.median(data.interactions.events.time))
    by_time = updated(serving, data, noon)
    assert same(by_time, updated(serving, data, data.interactions.events.time >= noon))
    assert by_itself.interactions.digest == data.interactions.digest


def test_an_event_that_stands_twice_is_new_the_second_time():
    """Positions tell nothing apart: then it is counted how often a user met an item."""
    data = tiny_dataset(copies=2)
    people = dataclasses.replace(data.interactions, timed=False)
    data = dataclasses.replace(data, interactions=people)
    met, second = Counter(), []
    for pair in zip(people.events.row.tolist(), people.events.item.tolist(), strict=True):
        met[pair] += 1
        second.append(met[pair] > 1)
    second = np.array(second)
    serving = Estimator(SASRec, SMALL).fit(part(data, ~second))
    assert same(updated(serving, data), updated(serving, data, second))


def test_a_model_without_gradients_is_fitted_again_on_everything_or_on_the_newest_days():
    data = tiny_dataset()
    before, last = without_last(data)
    serving = Estimator(Ease, EaseConfig()).fit(before)
    anew = Estimator(Ease, EaseConfig()).fit(data)
    assert same(updated(serving, data), anew)
    events = data.interactions.events
    recent = events.time > events.time.max() - 3 * 86_400
    window = Estimator(Ease, EaseConfig()).fit(part(data, recent))
    config = UpdateConfig(window_days=3)
    assert same(updated(serving, data, last, config), window)


def test_items_in_another_order_new_ones_and_new_users_find_their_places():
    data = tiny_dataset()
    serving = Estimator(SASRec, SMALL).fit(data)
    # the same people over a catalogue that begins with a new item, and the old ones backwards
    items = tiny_catalogue(dict(reversed(MORE.items())))
    events = data.interactions.events
    item = data.interactions.items.onto(items.items)[events.item]
    users = IdMap([f"renamed-{user}" for user in data.interactions.users])
    people = dataclasses.replace(
        data.interactions, users=users, items=items.items, events=events.with_items(item)
    )
    other = dataclasses.replace(data, interactions=people, catalogue=items)
    after = updated(serving, other)
    assert after.catalogue.items.ids == (*data.catalogue.items.ids, "fresh")
    assert after.interactions.users.ids == users.ids
    names = after.interactions.items.names(after.interactions.events.item)
    assert names == people.items.names(people.events.item)
    assert len(after.recommend(user="renamed-u2")) > 0


def test_other_texts_are_read():
    data = tiny_dataset()
    serving = by_name("text-mean").fit(data)
    texts = {**FILMS, "none": "Star Harbour. Space war adventure with robots"}
    newer = dataclasses.replace(data, catalogue=tiny_catalogue(texts))
    after = updated(serving, newer)
    vectors = after.model.text_vectors()
    place = data.catalogue.items.code
    np.testing.assert_allclose(vectors[place("none")], vectors[place("s1")], atol=1e-6)


def test_a_run_folder_goes_on_and_refuses_another_update(tmp_path):
    data = tiny_dataset()
    before, last = without_last(data)
    serving = Estimator(SASRec, SMALL).fit(before)
    first = updated(serving, data, last, resume=tmp_path)
    assert same(updated(serving, data, last, resume=tmp_path), first)  # read, not trained
    with pytest.raises(UsageError, match="holds checkpoints of another training: about"):
        updated(serving, data, ~last, resume=tmp_path)


def test_times_and_positions_are_not_mixed():
    data = tiny_dataset()
    serving = Estimator(SASRec, SMALL).fit(data)
    people = dataclasses.replace(data.interactions, timed=False)
    untimed = dataclasses.replace(data, interactions=people)
    with pytest.raises(UsageError, match="learned from events with times, these have positions"):
        updated(serving, untimed)
    serving = Estimator(SASRec, SMALL).fit(untimed)
    with pytest.raises(UsageError, match="since=5: these events have an order but no times"):
        updated(serving, untimed, 5.0)
    refit = Estimator(Ease, EaseConfig()).fit(untimed)
    with pytest.raises(UsageError, match="window_days"):
        updated(refit, untimed, None, UpdateConfig(window_days=3))
