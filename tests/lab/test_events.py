"""The evaluation of clicks and ratings, against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import penchant
from penchant.core import SeenEvents, UsageError
from penchant.engine import Recommender
from penchant.lab import evaluate_clicks, evaluate_events, evaluate_ratings
from penchant.lab.rates import added_means
from penchant.testing import FakeConfig, FakeModel


class Guess(FakeModel):
    """Foretells a number from the codes of user and item."""

    def predict(self, pairs):
        return ((7 * pairs.item + 3 * pairs.requests.user + 5) % 11 / 11).astype(np.float32)


FILMS = pl.DataFrame({"item_id": [f"i{n}" for n in range(12)], "title": ["film"] * 12})


def read(rows):
    names = ["user_id", "item_id", "timestamp", "value"]
    return penchant.read(pl.DataFrame(rows, schema=names, orient="row"), FILMS)


@pytest.fixture(scope="module")
def parts():
    rng = np.random.default_rng(0)
    rows = [
        (
            f"u{rng.integers(20)}",
            f"i{rng.integers(9 if n < 300 else 12)}",
            n // 3,
            float(rng.integers(1, 6)),
        )
        for n in range(600)
    ]
    early = [row for row in rows[:300] if row[0] not in ("u0", "u1")]
    return read(early), read(rows[300:])


@pytest.fixture(scope="module")
def guess(parts):
    train = parts[0]
    return Recommender(Guess.fit(FakeConfig(), train), train.catalogue, train.interactions)


def test_clicks_are_judged_by_auc_within_and_over_users_and_by_log_loss(guess, parts):
    _, test = parts
    found = evaluate_events(guess, test, task="click", like=4)
    label = (test.interactions.events.value >= 4).astype(float)
    plain = evaluate_clicks(label, guess.predict(test).astype(float), test.interactions.events.row)
    assert found.metrics == plain
    assert list(found.metrics) == ["AUC", "grouped AUC", "log-loss"]


def test_ratings_are_judged_by_rmse_and_mae(guess, parts):
    _, test = parts
    found = evaluate_events(guess, test, task="rating")
    events = test.interactions.events
    predicted = guess.predict(test).astype(float)
    assert found.metrics == evaluate_ratings(events.value.astype(float), predicted, events.row)
    assert found.baseline["RMSE"].mean < found.metrics["RMSE"].mean


def test_slices_tell_warm_from_cold(guess, parts):
    train, test = parts
    found = evaluate_events(guess, test, task="rating")
    users = {train.interactions.users.name(row) for row in train.interactions.events.row}
    items = {train.interactions.items.name(code) for code in train.interactions.events.item}
    events = test.interactions
    user = np.array([events.users.name(row) in users for row in events.events.row])
    item = np.array([events.items.name(code) in items for code in events.events.item])
    assert found.slices["warm"].requests == (user & item).sum()
    assert found.slices["cold"].requests == (~(user & item)).sum()
    assert found.slices["new-user"].requests == (~user).sum()
    assert found.slices["new-item"].requests == (~item).sum()
    error = guess.predict(test) - events.events.value
    rmse = np.sqrt(np.mean(error[user & item].astype(float) ** 2))
    assert found.slices["warm"].metrics["RMSE"].mean == pytest.approx(rmse)


@pytest.mark.parametrize("causal", [False, True])
def test_the_baseline_is_two_smoothed_means(parts, causal):
    train, test = (part.interactions for part in parts)
    labels = tuple(part.events.value.astype(float) for part in (train, test))
    found = added_means(train, test, labels, causal=causal)
    mean = labels[0].mean()
    rows = [
        (part.users.name(user), part.items.name(item), time, value, place)
        for part, place in ((train, 0), (test, 1))
        for user, item, time, value in zip(
            part.events.row, part.events.item, part.events.time, part.events.value, strict=True
        )
    ]
    for expected, (user, item, time, _, place) in zip(
        found, [row for row in rows if row[4]], strict=True
    ):
        total = mean
        for who, name, damping in ((0, user, 10), (1, item, 3)):
            known = [
                row[3]
                for row in rows
                if row[who] == name and (row[4] == 0 or (causal and row[2] < time))
            ]
            total += (np.sum(known) - mean * len(known)) / (len(known) + damping)
        assert expected == pytest.approx(total)
        assert place


def test_events_of_the_training_are_refused_or_marked(guess, parts):
    train, _ = parts
    with pytest.raises(SeenEvents, match=r"trained on \d+ of the \d+ test events"):
        evaluate_events(guess, train, task="rating")
    found = evaluate_events(guess, train, task="rating", allow_seen=True)
    assert found.seen == len(train.interactions)
    assert "NOT A TEST" in str(found)


def test_nothing_to_judge_is_an_error(guess, parts):
    _, test = parts
    none = pl.DataFrame(schema={"user_id": pl.String, "item_id": pl.String, "timestamp": pl.Int64})
    with pytest.raises(penchant.PenchantError):
        evaluate_events(guess, penchant.read(none, FILMS))
    with pytest.raises(UsageError, match="Every test event is a like"):
        evaluate_events(guess, test, task="click", like=0)
    bare = penchant.read(
        pl.DataFrame({"user_id": ["u2"], "item_id": ["i1"], "timestamp": [999]}), FILMS
    )
    with pytest.raises(UsageError, match="a value in every test event"):
        evaluate_events(guess, bare, task="rating")


def test_it_is_printed_and_written_with_the_baseline_beside(guess, parts):
    found = evaluate_events(guess, parts[1], task="click", like=3)
    text, plain = str(found), found.to_json()
    assert "state frozen after training" in text
    assert f"AUC                   {found.metrics['AUC']}" in text
    assert f"baseline AUC          {found.baseline['AUC']}" in text
    assert plain["metrics"]["AUC"]["mean"] == found.metrics["AUC"].mean
    assert plain["slices"]["warm"]["events"] == found.slices["warm"].requests
    assert plain["task"] == "click"
    assert plain["causal"] is False


def test_the_baseline_compares_no_positions_of_different_users():
    names = ["user_id", "item_id", "position", "value"]
    rows = [(f"u{user}", "i0", place, 1.0) for place, user in enumerate("abcd")]
    test = penchant.read(pl.DataFrame(rows, schema=names, orient="row"), FILMS).interactions
    train = penchant.read(pl.DataFrame(rows[:1], schema=names, orient="row"), FILMS).interactions
    labels = (np.array([0.0]), np.ones(4))
    frozen, live = (added_means(train, test, labels, causal=causal) for causal in (False, True))
    assert np.array_equal(frozen, live)  # one event a user: nothing of their own came before
