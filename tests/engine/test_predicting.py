"""Predictions of events: what the model is told, and when."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest

import penchant
from penchant.core import Pairs, Unsupported, UsageError, before
from penchant.engine import Recommender, seen_events
from penchant.testing import FakeConfig, FakeModel

FILMS = pl.DataFrame({"item_id": ["a", "b", "c"], "title": ["one", "two", "three"]})


def read(rows, films=FILMS):
    names = ["user_id", "item_id", "timestamp", "value"]
    return penchant.read(pl.DataFrame(rows, schema=names, orient="row"), films)


@dataclass(frozen=True)
class Noted:
    """A pair as a model saw it."""

    user: int
    item: int
    time: float
    history: list[tuple[int, float, float]]


class Watching(FakeModel):
    """Notes what it is told; foretells the length of each history."""

    def predict(self, pairs: Pairs):
        self.noted = []
        for row in range(len(pairs)):
            h = pairs.requests.history[row : row + 1]
            past = list(zip(h.item.tolist(), h.time.tolist(), h.value.tolist(), strict=True))
            user = int(pairs.requests.user[row])
            self.noted.append(Noted(user, int(pairs.item[row]), float(pairs.time[row]), past))
        return pairs.requests.history.lengths.astype(np.float32)


class Counting(Watching):
    """Has counters that go on."""

    def replay(self, pairs: Pairs, value):
        self.values = value
        return self.predict(pairs) + 100


@pytest.fixture
def train():
    return read([("u", "a", 100, 1.0), ("u", "b", 200, 0.0), ("v", "c", 150, 1.0)])


@pytest.fixture
def test():
    rows = [("u", "c", 300, 1.0), ("w", "a", 310, 0.0), ("w", "b", 310, 1.0), ("w", "c", 320, 0.0)]
    return read(rows)


def fitted(model_class, train):
    model = model_class.fit(FakeConfig(), train)
    return Recommender(model, train.catalogue, train.interactions)


def test_a_frozen_state_knows_the_training_events_alone(train, test):
    watching = fitted(Watching, train)
    assert watching.predict(test).tolist() == [2, 0, 0, 0]
    first, second, *_ = watching.model.noted
    assert first == Noted(0, 2, 300.0, [(0, 100.0, 1.0), (1, 200.0, 0.0)])
    assert second == Noted(-1, 0, 310.0, [])


def test_a_causal_state_knows_what_came_strictly_before(train, test):
    watching = fitted(Watching, train)
    assert watching.predict(test, causal=True).tolist() == [2, 0, 0, 2]
    assert watching.model.noted[3].history == [(0, 310.0, 0.0), (1, 310.0, 1.0)]


def test_a_causal_state_knows_no_training_event_of_a_later_time(train):
    watching = fitted(Watching, train)
    assert watching.predict(read([("u", "c", 200, 1.0)]), causal=True).tolist() == [1]
    assert watching.predict(read([("u", "c", 200, 1.0)])).tolist() == [2]


def test_counters_go_on_where_the_model_has_some(train, test):
    counting = fitted(Counting, train)
    assert counting.predict(test, causal=True).tolist() == [102, 100, 100, 102]
    assert counting.model.values.tolist() == [1, 0, 1, 0]
    assert counting.predict(test).tolist() == [2, 0, 0, 0]


def test_items_outside_the_catalogue_are_asked_about_and_left_out_of_histories(train):
    more = pl.concat([FILMS, pl.DataFrame({"item_id": ["x"], "title": ["new"]})])
    test = read([("u", "x", 300, 1.0), ("u", "c", 301, 1.0)], more)
    watching = fitted(Watching, train)
    assert watching.predict(test, causal=True).tolist() == [2, 2]
    assert [noted.item for noted in watching.model.noted] == [-1, 2]


def test_codes_are_those_of_the_model_whatever_the_test_calls_them(train):
    watching = fitted(Watching, train)
    films = FILMS.reverse()
    watching.predict(read([("v", "a", 300, 1.0), ("v", "b", 310, 1.0)], films), causal=True)
    assert [noted.item for noted in watching.model.noted] == [0, 1]
    assert watching.model.noted[1] == Noted(1, 1, 310.0, [(2, 150.0, 1.0), (0, 300.0, 1.0)])


def test_a_model_that_only_ranks_says_so(train, test):
    with pytest.raises(Unsupported, match="Use click-model or rating-model"):
        fitted(FakeModel, train).predict(test)


def test_seen_events_are_counted(train, test):
    assert seen_events(train.interactions, test.interactions) == 0
    both = read(
        [("u", "a", 100, 1.0), ("u", "a", 101, 1.0), ("v", "c", 150, 0.0), ("w", "c", 1, 1.0)]
    )
    assert seen_events(train.interactions, both.interactions) == 2


def test_before_is_what_a_loop_would_find():
    rng = np.random.default_rng(0)
    rows = [
        (f"u{rng.integers(5)}", "abc"[rng.integers(3)], int(rng.integers(30)), 1.0)
        for _ in range(80)
    ]
    events = read(rows).interactions.events
    events = replace(events, value=rng.random(len(events.item)).astype(np.float32))
    row, time = rng.integers(-1, 5, 50), rng.integers(0, 30, 50).astype(float)
    found = before(events, row, time, most=6)
    for place in range(50):
        past = (
            []
            if row[place] < 0
            else [
                number
                for number in range(events.indptr[row[place]], events.indptr[row[place] + 1])
                if events.time[number] < time[place]
            ]
        )
        part = slice(found.indptr[place], found.indptr[place + 1])
        assert found.value[part].tolist() == events.value[past[-6:]].tolist()
        assert found.item[part].tolist() == events.item[past[-6:]].tolist()


def test_positions_are_never_compared_with_times(train):
    fitted = Recommender(Counting.fit(FakeConfig(), train), train.catalogue, train.interactions)
    rows = pl.DataFrame([("u", "c", 1)], schema=["user_id", "item_id", "position"], orient="row")
    asked = penchant.read(rows, FILMS)
    with pytest.raises(UsageError, match="the training events have times, these have positions"):
        fitted.predict(asked, causal=True)
    assert len(fitted.predict(asked)) == 1
