"""A simulation: reproducible, true to its own truth, and said to be one."""

from __future__ import annotations

import numpy as np
import pytest

from penchant import UsageError
from penchant.engine import by_name
from penchant.lab.simulator import METRICS, NOTICE, SimulatorConfig, World, draw, simulate
from penchant.testing import tiny_dataset

SMALL = SimulatorConfig(rounds=4, users=60, k=3, dim=4, history=2, seed=1)


@pytest.fixture(scope="module")
def data():
    return tiny_dataset()


@pytest.fixture(scope="module")
def found(data):
    return simulate(data, ["random", "popularity", "oracle"], SMALL, explore=0.2)


def test_the_same_seed_gives_the_same_figures(data, found):
    again = simulate(data, ["random", "popularity", "oracle"], SMALL, explore=0.2)
    assert again.to_json() == found.to_json()


def test_it_says_that_it_is_a_simulation_wherever_it_shows(found, tmp_path):
    assert str(found).startswith(NOTICE)
    assert found.to_json()["simulation"] is True
    assert found.to_json()["notice"] == NOTICE
    draw(found, tmp_path / "loop.svg")
    first = (tmp_path / "loop.svg").read_bytes()
    draw(found, tmp_path / "loop.svg")
    assert (tmp_path / "loop.svg").read_bytes() == first
    with pytest.raises(UsageError, match="svg"):
        draw(found, tmp_path / "loop.gif")


def test_who_knows_the_truth_has_no_regret_but_for_the_lots(data):
    found = simulate(data, ["oracle", "random"], SMALL)
    assert max(found.rounds["oracle"]["regret"]) == pytest.approx(0.0, abs=1e-9)
    assert min(found.rounds["random"]["regret"]) > 0.05


def test_every_metric_has_a_figure_for_every_round(found):
    for figures in found.rounds.values():
        assert list(figures) == list(METRICS)
        assert {len(values) for values in figures.values()} == {SMALL.rounds}


def test_clicks_come_as_often_as_the_truth_says(data):
    world = SimulatorConfig(rounds=6, users=400, k=3, dim=4, drift=0.0, seed=2)
    log = simulate(data, ["random"], world).logs["random"]
    spread = np.sqrt((log.expected * (1 - log.expected)).sum())
    assert abs(log.click.sum() - log.expected.sum()) < 4 * spread


def test_places_further_down_are_looked_at_less(data):
    world = World(data, SMALL)
    lists = np.full((1, 3), 2)
    chances = world.expected(np.array([0]), lists)[0]
    assert chances / chances[0] == pytest.approx([1, 1 / 2, 1 / 3])
    even = World(data, SimulatorConfig(users=5, dim=4, position=0.0))
    assert len(set(even.expected(np.array([0]), lists)[0])) == 1


def test_propensities_make_off_policy_estimates_right(data):
    """Inverse propensity scoring of a random logging policy finds the truth of another one."""
    world = SimulatorConfig(
        rounds=1, users=3000, k=1, dim=4, history=0, new_items=0.0, base_rate=0.2, seed=3
    )
    log = simulate(data, ["random"], world, explore=1.0).logs["random"]
    asked = log.item == 2  # always recommend item 2
    estimate = (log.click * asked / log.propensity).mean()
    people = World(data, world)
    truth = people.expected(np.arange(3000), np.full((3000, 1), 2)).mean()
    error = (log.click * asked / log.propensity).std() / np.sqrt(3000)
    assert abs(estimate - truth) < 4 * error
    assert log.propensity == pytest.approx(1 / len(people.vectors))


def test_boredom_lowers_what_is_like_the_clicked_and_fades(data):
    world = World(data, SimulatorConfig(users=10, dim=4, boredom=2.0, reinforcement=0.0))
    people, lists = np.arange(10), np.full((10, 1), 0)
    before = world.attraction(people)[:, 0]
    world.clicked(people, lists, np.ones((10, 1), bool))
    bored = world.attraction(people)[:, 0]
    world.clicked(people, lists, np.zeros((10, 1), bool))
    later = world.attraction(people)[:, 0]
    assert (bored < before).all()
    assert (later > bored).all()


def test_new_items_and_people_come_in(data):
    config = SimulatorConfig(rounds=4, users=50, k=3, dim=4, new_items=0.3, new_users=0.1)
    world = World(data, config)
    assert len(world.available(0)) < len(world.available(3)) == len(world.vectors)
    world.live(1)
    assert len(world) == 55
    found = simulate(data, ["popularity"], config)
    assert found.rounds["popularity"]["new items"][0] == 0
    log = found.logs["popularity"]
    assert (world.released[log.item] <= log.round).all()


def test_nobody_is_shown_what_they_clicked(found):
    log = found.logs["popularity"]
    clicked: set[tuple[int, int]] = set()
    for round_ in range(SMALL.rounds):
        now = log.round == round_
        shown = set(zip(log.person[now].tolist(), log.item[now].tolist(), strict=True))
        assert not shown & clicked
        hit = now & log.click
        clicked |= set(zip(log.person[hit].tolist(), log.item[hit].tolist(), strict=True))


def test_a_fitted_recommender_answers_until_it_is_trained(data):
    ready = by_name("popularity").fit(data)
    config = SimulatorConfig(rounds=2, users=20, k=3, dim=4, retrain=0)
    found = simulate(data, {"kept": ready}, config)
    assert list(found.rounds) == ["kept"]


def test_without_history_the_first_lists_are_drawn_by_lot(data):
    config = SimulatorConfig(rounds=2, users=40, k=3, dim=4, history=0)
    log = simulate(data, ["popularity"], config).logs["popularity"]
    first = log.round == 0
    assert log.propensity[first].max() < 0.2
    assert (log.propensity[~first] == 1).all()


@pytest.mark.parametrize(
    "wrong", [{"rounds": 0}, {"base_rate": 1.0}, {"tastes": "music"}, {"drift": -1.0}]
)
def test_a_setting_out_of_range_is_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        SimulatorConfig(**wrong)


def test_policies_are_named_once_and_at_least_one(data):
    with pytest.raises(UsageError, match="at least one"):
        simulate(data, [], SMALL)
    with pytest.raises(UsageError, match="once"):
        simulate(data, ["random", "random"], SMALL)
    with pytest.raises(UsageError, match="No model"):
        simulate(data, ["populariti"], SMALL)
