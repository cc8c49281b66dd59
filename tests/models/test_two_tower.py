"""TwoTower: the same rules as every model, and what is its own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from penchant.core import Sequences, UsageError
from penchant.language.tuning import Full, LoRA
from penchant.models import settings_of, two_tower_pool, two_tower_training
from penchant.models.two_tower import TwoTower, TwoTowerConfig, user_text
from penchant.models.two_tower_towers import Towers, right_aligned
from penchant.testing import CHECKS, Case
from penchant.testing.tiny_models import write_tiny_model

WORDS = [3 * letter for letter in "abcdefghijkl"]


@pytest.fixture(scope="module")
def language(tmp_path_factory) -> str:
    return str(write_tiny_model(tmp_path_factory.mktemp("language") / "tiny", "bert"))


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("user", ["pool", "text"])
def test_it_keeps_the_rules(language, user, check):
    tuning = LoRA(rank=2, layers=1)
    config = TwoTowerConfig(language=language, tuning=tuning, user=user, epochs=1, negatives=4)
    check(Case(TwoTower, config))


def cycle(world, users=60):
    """Everybody walks round the same circle of items, so that the next one is certain."""
    rng = np.random.default_rng(0)
    histories = [[(s + n) % 12 for n in range(5)] for s in rng.integers(0, 12, users)]
    return world.dataset(histories, WORDS)


@pytest.mark.parametrize(
    "settings",
    [
        {"tuning": None, "user": "pool"},
        {"tuning": LoRA(layers=2), "user": "pool"},
        {"tuning": Full(), "user": "text", "learning_rate": 3e-3, "epochs": 12},
    ],
    ids=["frozen", "pool", "text"],
)
def test_it_learns_what_comes_next(world, language, settings):
    data = cycle(world)
    config = TwoTowerConfig(
        language=language, history=2, patience=30, batch=16, tower_rate=0.01, refit=False,
        **{"learning_rate": 0.01, "epochs": 25, **settings},
    )  # fmt: skip
    model = TwoTower.fit(config, data)
    scores = model.score(world.requests(data, [[3, 4], [10, 11], [6, 7]]))
    for row, history in enumerate(([3, 4], [10, 11], [6, 7])):
        scores[row, history] = -np.inf
    assert scores.argmax(axis=1).tolist() == [5, 0, 8]


@pytest.mark.parametrize("case", [(None, 1.0, 2), (None, 0.1, 1), (True, 0.1, 2), (False, 1.0, 1)])
@pytest.mark.parametrize("user", ["pool", "text"])
def test_it_trains_again_on_all_events_where_many_were_held_out(
    world, language, monkeypatch, user, case
):
    refit, share, runs = case
    data, trained = cycle(world, users=20), []

    def kept(examples, epochs, validate, history):
        trained.append((examples, epochs, len(history.losses), history.best_epoch))
        assert (validate is None) == (len(trained) == 2)
        return history

    def train(network, lessons, loss_of, config, validate, what):
        history = real_train(network, lessons, loss_of, config, validate, what)
        return kept(lessons.examples, config.epochs, validate, history)

    def tune_on_pairs(backbone, pairs, way, config, seed, validate, *, what):
        history = real_tune(backbone, pairs, way, config, seed, validate, what=what)
        return kept(len(pairs), config.epochs, validate, history)

    real_train, real_tune = two_tower_pool.train, two_tower_training.tune_on_pairs
    monkeypatch.setattr(two_tower_pool, "train", train)
    monkeypatch.setattr(two_tower_training, "tune_on_pairs", tune_on_pairs)
    users = round(share * len(data.interactions.users))
    config = TwoTowerConfig(
        language=language, tuning=LoRA(rank=2, layers=1), user=user, targets=9, epochs=2,
        refit=refit, validation_users=users,
    )  # fmt: skip
    model = TwoTower.fit(config, data, seed=1)
    assert len(trained) == runs
    targets = len(data.interactions) - len(data.interactions.users)
    assert trained[0][:2] == (targets - users, 2)  # the held-out events are no targets
    assert len(model.validations) == trained[0][2]  # those that chose the epoch
    if runs == 2:
        chosen = trained[0][3]
        assert trained[1] == (targets, chosen, chosen, chosen)


def test_before_training_a_user_is_the_faded_mean_of_text_vectors():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(5, 4)).astype(np.float32)
    history = Sequences.of_items(np.array([3, 0, 1]), np.array([0, 1, 2, 4]))
    users = Towers(4, 10).users_of(vectors, history)
    by_hand = 0.49 * vectors[0] + 0.7 * vectors[1] + vectors[2]
    np.testing.assert_allclose(users[0], by_hand / np.linalg.norm(by_hand), atol=1e-6)
    assert not users[1].any()
    np.testing.assert_allclose(users[2], vectors[4] / np.linalg.norm(vectors[4]), atol=1e-6)


def test_the_user_before_an_event_is_who_is_asked_about_after_the_events_before_it():
    torch.manual_seed(0)
    towers = Towers(4, 2)
    for weight in towers.parameters():
        torch.nn.init.normal_(weight)
    vectors = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    whole = Sequences.of_items(np.array([4, 2]), np.array([0, 1, 2, 3, 4, 0]))
    codes, there = right_aligned(whole)
    before = towers.before(torch.from_numpy(vectors[codes]), torch.from_numpy(there))
    until = Sequences.of_items(np.array([2, 1]), np.array([1, 2, 4]))  # the last two of three, one
    np.testing.assert_allclose(
        before[:, -1].detach().numpy(), towers.users_of(vectors, until), atol=1e-6
    )


def test_the_newest_title_stands_first_and_the_instruction_before_it():
    assert user_text(np.array([2, 0]), ("a", "b", "c"), "Seen: ") == "Seen: a; c"


def test_what_was_tuned_is_small_and_kept(world, language):
    config = TwoTowerConfig(language=language, tuning=LoRA(rank=2, layers=1), epochs=1)
    state = TwoTower.fit(config, cycle(world)).state()
    tuned = [name for name in state if name.startswith("adapter.")]
    assert tuned
    assert all("lora" in name for name in tuned)
    assert settings_of(config)["tuning"]["way"] == "lora"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"batch": 1}, "batch must be at least 2"),
        ({"temperature": 0.0}, "temperature must be more than 0"),
        ({"history": 0}, "history must be at least 1"),
    ],
)
def test_settings_out_of_range_are_refused(setting, message):
    with pytest.raises(UsageError, match=message):
        TwoTowerConfig(**setting)
