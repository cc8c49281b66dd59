"""ClickModel: probabilities that look back only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from penchant.core import Pairs, Requests, Sequences, UsageError, before
from penchant.metrics import auc
from penchant.models.click import ClickConfig, ClickModel
from penchant.models.click_features import NAMES, features, fresh_surplus
from penchant.models.click_head import Head, sigmoid
from penchant.models.click_labels import labelled, liked
from penchant.models.click_training import moments
from penchant.testing import CHECKS, Case

SMALL = ClickConfig(dim=2, text=4, together=3, sweeps=6, samples=3, cuts=2, cut_sweeps=5)
HOUR = 3600.0

pytestmark = pytest.mark.usefixtures("toy_language")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_keeps_the_rules_of_every_model(check):
    check(Case(ClickModel, SMALL))


@pytest.fixture(scope="module")
def shown():
    """80 users are shown 15 of 40 items, an hour apart; they like what is good, and their kind."""
    rng = np.random.default_rng(0)
    user, item = (
        np.repeat(np.arange(80), 15),
        np.concatenate([rng.permutation(40)[:15] for _ in range(80)]),
    )
    level, good = rng.normal(0, 1, 80), rng.normal(0, 1.5, 40)
    odds = level[user] + good[item] + 1.5 * np.where(user % 2 == item % 2, 1, -1)
    value = (rng.random(len(user)) < 1 / (1 + np.exp(-odds))).astype(np.float32)
    time = np.tile(np.arange(15), 80) * HOUR + (user % 20) * 30 * HOUR
    return [item[user == u].tolist() for u in range(80)], value, time


@pytest.fixture
def parts(world, shown):
    """The first 800 events in time to learn from, and the others as pairs."""
    histories, value, time = shown
    data = world.dataset(histories, ["sea war"] * 40, time)
    interactions = data.interactions
    events = replace(interactions.events, value=value)
    early = events.time < np.sort(time)[800]
    train = replace(data, interactions=interactions.with_events(events.where(early)))
    late = np.flatnonzero(~early)
    return train, events, late[np.argsort(events.time[late], kind="stable")]


def asked(train, events, rows, *, causal=True):
    interactions = train.interactions
    user = events.row[rows].astype(np.int32)
    history = before(events, user, events.time[rows]) if causal else interactions.events[user]
    requests = Requests(interactions.users, interactions.items, user, history)
    return Pairs(requests, events.item[rows], events.time[rows])


def test_it_foretells_better_than_chance_and_better_with_newer_events(parts):
    train, events, late = parts
    model = ClickModel.fit(replace(SMALL, sweeps=30, samples=15), train)
    frozen = model.predict(asked(train, events, late, causal=False))
    live = model.replay(asked(train, events, late), events.value[late])
    assert ((frozen > 0) & (frozen < 1)).all()
    assert auc(events.value[late], frozen) > 0.6
    assert auc(events.value[late], live) > auc(events.value[late], frozen)


def test_what_comes_later_or_at_the_same_time_changes_no_prediction(parts):
    train, events, late = parts
    model = ClickModel.fit(SMALL, train)
    moment = events.time[late[150]]
    other = events.value.copy()
    other[late] = np.where(events.time[late] >= moment, 1 - other[late], other[late])
    first, second = (
        model.replay(asked(train, replace(events, value=value), late), value[late])
        for value in (events.value, other)
    )
    until = events.time[late] <= moment
    assert until.sum() > 100
    assert np.array_equal(first[until], second[until])
    assert not np.array_equal(first[~until], second[~until])


def test_the_order_of_the_pairs_does_not_matter(parts):
    train, events, late = parts
    model = ClickModel.fit(SMALL, train)
    turned = np.random.default_rng(0).permutation(late)
    first = dict(
        zip(
            late.tolist(), model.replay(asked(train, events, late), events.value[late]), strict=True
        )
    )
    again = model.replay(asked(train, events, turned), events.value[turned])
    assert np.allclose([first[row] for row in turned.tolist()], again, atol=1e-6)


def test_fresh_counters_count_what_came_strictly_before():
    rng = np.random.default_rng(0)
    item, time = rng.integers(0, 4, 60).astype(np.int32), rng.integers(0, 12, 60).astype(float)
    surplus, size = rng.normal(size=60), rng.integers(0, 9, 60).astype(float)
    surplus[::7] = np.nan
    found = fresh_surplus(item, time, surplus, size)
    for row in range(60):
        earlier = (item == item[row]) & (time < time[row]) & ~np.isnan(surplus)
        expected = surplus[earlier].sum() / (earlier.sum() + size[row] + 4)
        assert found[row] == pytest.approx(expected)


def test_the_features_of_a_history_by_hand(parts):
    train, *_ = parts
    factors = ClickModel.fit(SMALL, train).factors
    interactions = train.interactions
    history = Sequences.of_items(
        np.array([3]), np.array([1, 2, 3]), np.array([0.0, 9.5, 10]) * HOUR
    )
    history = replace(history, value=np.array([1, 0, 1], np.float32))
    requests = Requests(interactions.users, interactions.items, np.array([-1], np.int32), history)
    pairs = Pairs(requests, np.array([4], np.int32), np.array([10.25 * HOUR]))
    vectors = factors.vectors(requests.user, history)
    found = dict(zip(NAMES, features(factors, pairs, vectors)[0], strict=True))
    rest = history.value - factors.posterior.mean - factors.item_bias[[1, 2, 3]]
    assert found["last 5"] == pytest.approx(rest.sum() / 6, abs=1e-5)
    assert found["last 20"] == pytest.approx(rest.sum() / 8, abs=1e-5)
    assert found["match"] == pytest.approx(factors.of_pairs(vectors, pairs.item)[0], abs=1e-6)
    assert found["item bias"] == pytest.approx(factors.item_bias[4])
    assert found["fresh surplus"] == 0


def test_score_holds_what_predict_says_of_every_pair(parts):
    train, events, late = parts
    model = ClickModel.fit(SMALL, train)
    pairs = asked(train, events, late, causal=False)
    scores = model.score(pairs.requests)[np.arange(len(pairs)), pairs.item]
    assert np.allclose(scores, model.predict(pairs), atol=1e-5)


def test_without_cuts_the_factors_alone_foretell(parts):
    train, events, late = parts
    model = ClickModel.fit(replace(SMALL, cuts=0, sweeps=30, samples=15), train)
    pairs = asked(train, events, late, causal=False)
    found = features(
        model.factors, pairs, model.factors.vectors(pairs.requests.user, pairs.requests.history)
    )
    factors = model.factors.posterior.mean + found[:, :3].sum(axis=1)
    assert np.array_equal(np.argsort(model.predict(pairs)), np.argsort(factors.astype(np.float32)))
    assert auc(events.value[late], model.predict(pairs)) > 0.6


def test_a_head_is_a_penalised_logistic_regression():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4)) * [1, 10, 0.1, 0] + 3
    y = (rng.random(300) < sigmoid(x[:, 0] - 3 + 0.1 * (x[:, 1] - 3))).astype(float)
    head = Head.fit(x, y, l2=5.0)
    z = (x[:, :3] - x[:, :3].mean(axis=0)) / x[:, :3].std(axis=0)

    def loss(w):
        odds = z @ w[:3] + w[3]
        return np.logaddexp(0, odds).sum() - y @ odds + 2.5 * (w[:3] ** 2).sum()

    best = minimize(loss, np.zeros(4), options={"gtol": 1e-8}).x
    assert np.allclose(head.odds(x), z @ best[:3] + best[3], atol=1e-4)
    assert head.weights[3] == 0  # a constant feature


def test_a_value_from_like_upwards_is_a_like_and_none_is_one_too(world):
    events = world.dataset([[0, 1, 2]], [""] * 3).interactions.events
    told = replace(events, value=np.array([4.0, 3.0, np.nan], np.float32))
    assert liked(told, 4.0).value.tolist() == [1, 0, 1]


def test_dislikes_are_drawn_where_there_is_none(world):
    data = world.random()
    known = labelled(data.interactions, 0.5, np.random.default_rng(0)).events
    events = data.interactions.events
    assert (known.value == 1).sum() == len(events.item)
    assert 0.5 * len(events.item) < (known.value == 0).sum() <= len(events.item)
    assert (np.diff(known.time) >= 0)[np.diff(known.row) == 0].all()
    for row in range(len(events)):
        part = slice(known.indptr[row], known.indptr[row + 1])
        drawn = known.item[part][known.value[part] == 0]
        assert not np.isin(drawn, events.items_of(row)).any()
        assert known.item[part][known.value[part] == 1].tolist() == events.items_of(row).tolist()


def test_moments_are_shares_and_equal_times_share_one(world):
    data = world.dataset([[0, 1], [2, 3]], [""] * 4, [5.0, 7.0, 5.0, 9.0])
    assert moments(data.interactions).tolist() == [0, 0.5, 0, 0.75]
    positions = world.dataset([[0, 1], [2, 3, 1, 0]], [""] * 4)
    assert moments(positions.interactions).tolist() == [0, 0.5, 0, 0.25, 0.5, 0.75]


def test_settings_out_of_range_are_refused():
    with pytest.raises(UsageError, match=r"ClickConfig\.l2 must be more than 0"):
        ClickConfig(l2=0)
