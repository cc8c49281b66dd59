"""RatingModel: what it promises, against systems solved by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from penchant.core import UNKNOWN, Pairs, Requests, Sequences, UsageError
from penchant.engine import Recommender
from penchant.models.posterior import Chain, Posterior, Side, Values, sample
from penchant.models.rating import RatingConfig, RatingModel
from penchant.models.side_features import SideFeatures, user_attributes
from penchant.testing import CHECKS, Case

SMALL = RatingConfig(dim=2, text=4, together=3, sweeps=6, samples=3)

pytestmark = pytest.mark.usefixtures("toy_language")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_keeps_the_rules_of_every_model(check):
    check(Case(RatingModel, SMALL))


@pytest.fixture
def films(world):
    """60 users rate 20 of 40 films from 1 to 5: their own level, the film's, and a taste."""
    rng = np.random.default_rng(0)
    taste, kind = rng.normal(size=(60, 2)), rng.normal(size=(40, 2))
    level, good = rng.normal(0, 0.5, 60), rng.normal(0, 0.7, 40)
    seen = [np.sort(rng.permutation(40)[:20]).tolist() for _ in range(60)]
    data = world.dataset(seen, ["sea war"] * 40, np.tile(np.arange(20.0), 60))
    events = data.interactions.events
    row, item = events.row, events.item
    value = 3.3 + level[row] + good[item] + 0.6 * (taste[row] * kind[item]).sum(axis=1)
    value = np.clip(value + rng.normal(0, 0.2, len(value)), 1, 5).astype(np.float32)
    return replace(data, interactions=data.interactions.with_events(replace(events, value=value)))


def parted(data):
    """Training events, and every fifth event as pairs with the history of training."""
    interactions = data.interactions
    held = np.arange(len(interactions)) % 5 == 0
    train = interactions.with_events(interactions.events.where(~held))
    asked = interactions.events.where(held)
    user = asked.row.astype(np.int32)
    requests = Requests(train.users, train.items, user, train.events[user])
    return replace(data, interactions=train), Pairs(requests, asked.item, asked.time), asked.value


def test_it_learns_levels_and_tastes(films):
    train, pairs, truth = parted(films)
    model = RatingModel.fit(replace(SMALL, sweeps=40, samples=20), train)
    error = np.sqrt(np.mean((model.predict(pairs) - truth) ** 2))
    events = train.interactions.events
    means = np.bincount(events.item, events.value, 40) / np.maximum(train.interactions.counts(), 1)
    assert error < 0.45  # 0.2 of it is noise
    assert np.sqrt(np.mean((means[pairs.item] - truth) ** 2)) > 0.9


def test_a_prediction_stays_within_the_ratings_seen(films):
    train, pairs, _ = parted(films)
    values = train.interactions.events.value
    found = RatingModel.fit(SMALL, train).predict(pairs)
    assert found.min() >= values.min()
    assert found.max() <= values.max()


def test_score_holds_what_predict_says_of_every_pair(films):
    train, pairs, _ = parted(films)
    model = RatingModel.fit(SMALL, train)
    scores = model.score(pairs.requests)[np.arange(len(pairs)), pairs.item]
    assert np.allclose(np.clip(scores, *model.span), model.predict(pairs), atol=1e-5)


def test_an_item_outside_the_catalogue_gets_the_level_of_the_user(films):
    train, pairs, _ = parted(films)
    model = RatingModel.fit(SMALL, train)
    unknown = replace(pairs, item=np.full(len(pairs), UNKNOWN, np.int32))
    bias = model.factors.vectors(pairs.requests.user, pairs.requests.history).bias
    level = np.clip(model.factors.posterior.mean + bias, *model.span)
    assert np.allclose(model.predict(unknown), level, atol=1e-5)


def test_the_vector_of_a_history_is_the_mean_of_the_normal_that_its_values_leave(films):
    train, pairs, _ = parted(films)
    factors = RatingModel.fit(replace(SMALL, samples=1), train).factors
    p, request = factors.posterior, pairs.requests[:1]
    history = request.history
    seen = p.items[0, history.item].astype(np.float64)
    x = np.column_stack([seen[:, :2], np.ones(len(seen))])
    rest = history.value - p.mean - seen[:, 2]
    about = factors.side.users(request.user, history)[0]
    centre, precision = about @ p.user_weights[0], p.user_precision[0].astype(np.float64)
    # least squares with the prior as further rows: an independent way to the same mean
    root = np.linalg.cholesky(precision).T
    rows = np.concatenate([np.sqrt(p.noise[0]) * x, root])
    right = np.concatenate([np.sqrt(p.noise[0]) * rest, root @ centre])
    expected = np.linalg.lstsq(rows, right)[0]
    assert np.allclose(factors.vectors(request.user, history).user[0, 0], expected, atol=1e-4)


def test_a_draw_has_the_mean_and_the_spread_of_its_normal():
    rng = np.random.default_rng(0)
    code = np.array([0, 0, 0])
    users = Side(np.ones((1, 1)), code, 1)
    films = Side(np.ones((3, 1)), np.arange(3), 1)
    films.factors = np.array([[1.0, 0.5], [-1.0, 0.0], [2.0, -0.5]])
    rest, noise = np.array([1.0, 0.0, 2.0]), 2.0
    drawn = []
    for _ in range(4000):
        users.draw(films, rest, noise, rng)
        drawn.append(users.factors[0])
    x = np.column_stack([films.factors[:, 0], np.ones(3)])
    precision = 10 * np.eye(2) + noise * x.T @ x
    mean = np.linalg.solve(precision, noise * x.T @ (rest - films.factors[:, 1]))
    assert np.allclose(np.mean(drawn, axis=0), mean, atol=0.02)
    assert np.allclose(np.cov(np.transpose(drawn)), np.linalg.inv(precision), atol=0.01)


def test_a_feature_of_the_items_reaches_the_items_without_events():
    rng = np.random.default_rng(0)
    good = np.tile([-1.0, 1.0], 15)
    user, item = np.repeat(np.arange(20), 20), np.tile(np.arange(20), 20)
    value = 3 + good[item] + rng.normal(0, 0.1, 400)
    about = np.column_stack([np.ones(30), good])
    found = sample(Values(user, item, value), np.ones((20, 1)), about, Chain(2, 40, 20), rng)
    centre = np.einsum("if,sfd->sid", about, found.item_weights)[:, 20:, -1].mean(axis=0)
    assert np.sign(centre).tolist() == good[20:].tolist()


def test_new_items_stand_where_their_text_puts_them(films, world):
    texts = ["good film"] * 20 + ["bad film"] * 20
    events = films.interactions.events
    value = np.where(events.item < 20, 5.0, 1.0).astype(np.float32)
    data = replace(
        films,
        catalogue=replace(films.catalogue, texts=tuple(texts)),
        interactions=films.interactions.with_events(replace(events, value=value)),
    )
    model = RatingModel.fit(replace(SMALL, sweeps=30, samples=15), data)
    larger = world.catalogue([*texts, "good film", "bad film"])
    fitted = Recommender(model, data.catalogue, data.interactions).add_items(larger)
    asked = world.requests(data, [[]]).aligned(data.interactions.users, larger.items)
    scores = fitted.model.score(asked)[0]
    assert scores[40] > scores[41] + 1


def test_attributes_become_groups_and_fifths():
    table = pl.DataFrame(
        {
            "user_id": [f"u{n}" for n in range(20)],
            "age": list(range(20, 40)),
            "job": ["cook", "clerk"] * 10,
            "name": [f"somebody {n}" for n in range(20)],
        }
    )
    found = user_attributes(table, ("u19", "u0", "stranger"))
    assert found.shape == (3, 2 + 2 + 2)
    assert found[2].tolist() == [0.0] * 6
    assert np.allclose(found.sum(axis=0) + 0.0, [found[0, k] + found[1, k] for k in range(6)])
    assert (np.sign(found[0]) != np.sign(found[1]))[[0, 1, 2, 3]].all()


def test_without_attributes_there_are_none():
    assert user_attributes(None, ("u0", "u1")).shape == (2, 0)


def test_what_is_seen_together_lies_together(world):
    data = world.dataset([[0, 1, 2]] * 5 + [[3, 4, 5]] * 4, [""] * 7)
    side = SideFeatures.of(
        data.interactions, np.zeros((7, 4), np.float32), np.zeros((9, 0), np.float32), 4, 2
    )
    near = side.places @ side.places.T
    assert near[0, 1] > 10 * abs(near[0, 3])
    assert not side.places[6].any()
    alone = side.users(np.array([0, 7, UNKNOWN], np.int32), data.interactions.events[[0, 7, 0]])
    assert np.allclose(alone[0], alone[2])  # who it is says nothing without attributes
    assert alone.shape == (3, 2 + 2)


def test_more_samples_than_sweeps_are_refused():
    with pytest.raises(UsageError, match="samples must be at most sweeps, got 5 and 4"):
        RatingConfig(sweeps=4, samples=5)


def test_a_history_without_values_counts_as_seen_only(films):
    train, pairs, _ = parted(films)
    factors = RatingModel.fit(SMALL, train).factors
    user, told = pairs.requests.user[:3], pairs.requests.history[:3]
    silent = replace(told, value=np.full_like(told.value, np.nan))
    about = factors.side.users(user, silent).astype(np.float32)
    p: Posterior = factors.posterior
    prior = np.einsum("rf,sfd->rsd", about, p.user_weights)
    assert np.allclose(factors.vectors(user, silent).user, prior, atol=1e-4)
    nothing = Sequences.of_items(np.zeros(3, int), np.zeros(0, np.int32))
    assert not np.allclose(factors.vectors(user, nothing).user, prior, atol=1e-4)


def test_a_history_without_values_is_no_row_of_bad_ratings(films):
    model = RatingModel.fit(replace(SMALL, sweeps=30, samples=15), films)
    interactions = films.interactions
    silent = Sequences.of_items(np.array([6]), np.arange(6))
    nobody = np.array([UNKNOWN], np.int32)
    (scores,) = model.score(Requests(interactions.users, interactions.items, nobody, silent))
    assert abs(scores.mean() - interactions.events.value.mean()) < 0.5
    again = RatingModel.restore(model.config, model.state(), films.catalogue, interactions)
    request = Requests(interactions.users, interactions.items, nobody, silent)
    assert np.array_equal(again.score(request)[0], scores)
    assert np.array_equal(again.with_catalogue(films.catalogue).score(request)[0], scores)
