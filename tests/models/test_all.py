"""What holds for every model."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from penchant.core import Choice, Unsupported, UsageError
from penchant.models import (
    ALL,
    Bpr,
    Popularity,
    RecentPopularity,
    by_name,
    configure,
    field_help,
    popularity_prior,
    settings_of,
)

CLASSIC = [
    "random",
    "popularity",
    "recent-popularity",
    "item-knn",
    "ease",
    "als",
    "bpr",
    "text-mean",
    "star",
]
MODELS = [by_name(name) for name in CLASSIC]
FAST = {"als": {"factors": 8}, "bpr": {"factors": 8, "iterations": 10}, "star": {}}

pytestmark = pytest.mark.usefixtures("toy_language")
each_model = pytest.mark.parametrize("model_class", MODELS, ids=lambda m: m.name)
every_class = pytest.mark.parametrize("model_class", ALL, ids=lambda m: m.name)


@pytest.fixture
def data(world):
    return world.random()


def fitted(model_class, data, seed=0):
    config = configure(model_class.Config, FAST.get(model_class.name, {}))
    return model_class.fit(config, data, seed)


def known(world, data, rows=8):
    return world.requests(data, world.histories(data)[:rows], users=range(rows))


@each_model
def test_it_scores_every_item_with_finite_numbers(model_class, world, data):
    scores = fitted(model_class, data).score(known(world, data))
    assert scores.shape == (8, 40)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()


@each_model
def test_its_state_and_config_are_enough_to_restore_it(model_class, world, data):
    model = fitted(model_class, data, seed=3)
    state = {key: np.ascontiguousarray(value) for key, value in model.state().items()}
    again = model_class.restore(model.config, state, data.catalogue, data.interactions)
    asked = known(world, data)
    assert np.array_equal(again.score(asked), model.score(asked))


@each_model
def test_the_same_seed_gives_the_same_model(model_class, world, data):
    asked = known(world, data)
    first, second = (fitted(model_class, data, seed=1).score(asked) for _ in range(2))
    assert np.array_equal(first, second)


@each_model
def test_a_row_is_answered_alike_alone_and_in_a_batch(model_class, world, data):
    model, asked = fitted(model_class, data), known(world, data)
    alone = np.concatenate([model.score(asked[np.array([row])]) for row in range(8)])
    assert np.allclose(alone, model.score(asked), rtol=1e-4, atol=1e-6)


@each_model
def test_no_rows_are_no_trouble(model_class, world, data):
    assert fitted(model_class, data).score(known(world, data, rows=0)).shape == (0, 40)


@pytest.mark.parametrize("name", CLASSIC[1:])
def test_nothing_to_go_by_is_answered_by_popularity(name, world, data):
    model_class = by_name(name)
    scores = fitted(model_class, data).score(world.requests(data, [[]]))
    counted = RecentPopularity if model_class is RecentPopularity else Popularity
    popular = fitted(counted, data).score(world.requests(data, [[]]))
    assert np.array_equal(
        np.argsort(-scores[0], kind="stable"), np.argsort(-popular[0], kind="stable")
    )


@pytest.mark.parametrize(
    "name", ["popularity", "recent-popularity", "item-knn", "ease", "als", "bpr"]
)
def test_items_without_events_come_last_and_can_still_be_ranked(name, world, data):
    scores = fitted(by_name(name), data).score(known(world, data))
    assert (scores[:, -3:] <= scores[:, :-3].min(axis=1, keepdims=True)).all()


@each_model
def test_it_says_honestly_whether_it_serves_new_users(model_class, world, data):
    model, stranger = fitted(model_class, data), world.requests(data, [[1, 2]])
    if model.abilities.new_users:
        assert np.isfinite(model.score(stranger)).all()
    else:
        with pytest.raises(Unsupported, match="only users it was trained on"):
            model.score(stranger)


@each_model
def test_it_says_honestly_whether_it_reads_words(model_class, world, data):
    model = fitted(model_class, data)
    words = world.requests(data, [[1], []], queries=(None, "warm sea"))
    if model.abilities.queries:
        assert np.isfinite(model.score(words)).all()
    else:
        with pytest.raises(Unsupported, match="does not read words"):
            model.score(words)


@each_model
def test_it_says_honestly_whether_it_takes_new_items(model_class, world, data):
    model, asked = fitted(model_class, data), known(world, data)
    larger = world.catalogue([*data.catalogue.texts, "warm sea"])
    if model.abilities.new_items:
        scores = model.with_catalogue(larger).score(asked)
        assert scores.shape == (8, 41)
        told = np.arange(40) != 5  # item 5 has no text: it comes last, wherever the last place is
        assert np.allclose(scores[:, :40][:, told], model.score(asked)[:, told], atol=1e-6)
    else:
        with pytest.raises(Unsupported, match="cannot place items that came after"):
            model.with_catalogue(larger)


def test_bpr_does_not_take_a_user_without_training_events_for_a_known_one(world):
    data = world.dataset([[0, 1], [], [1, 2]], ["a"] * 3)
    model = Bpr.fit(configure(Bpr.Config, FAST["bpr"]), data)
    with pytest.raises(Unsupported, match="1 of 2 requests"):
        model.score(world.requests(data, [[0], [1]], users=[0, 1]))


@each_model
def test_training_events_may_be_missing_altogether(model_class, world):
    data = world.dataset([[], []], ["red sea", "blue"])
    scores = fitted(model_class, data).score(world.requests(data, [[]]))
    assert np.isfinite(scores).all()


@every_class
def test_settings_survive_the_way_through_plain_values(model_class):
    config = model_class.Config()
    assert configure(model_class.Config, settings_of(config)) == config


@every_class
def test_every_setting_is_documented_and_frozen(model_class):
    names = {field.name for field in dataclasses.fields(model_class.Config)}
    assert set(field_help(model_class.Config)) == names
    for name in names:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(model_class.Config(), name, None)


@every_class
def test_the_search_space_holds_settings_that_are_allowed(model_class):
    for name, values in model_class.space.items():
        tried = values.values if isinstance(values, Choice) else (values.low, values.high)
        for value in tried:
            configure(model_class.Config, {name: value})


def test_an_unknown_model_is_answered_with_the_near_name():
    with pytest.raises(UsageError, match=r"'item-kn'; did you mean 'item-knn'\?"):
        by_name("item-kn")


def test_names_are_distinct():
    assert len({model.name for model in ALL}) == len(ALL)


def test_the_prior_is_a_share_of_the_greatest_weight(world):
    data = world.dataset([[0, 1], [1, 2], [1]], ["a"] * 4)
    prior = popularity_prior(data.interactions)
    assert prior.tolist() == pytest.approx([1 / 3, 1, 1 / 3, 0])
