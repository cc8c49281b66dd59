"""Estimates of what another policy would have earned."""

import itertools

import numpy as np
import pytest

from penchant.core import UsageError
from penchant.metrics import Logged, doubly_robust, ips, snips

REWARDS = np.array([[0.1, 0.6, 0.3], [0.8, 0.2, 0.5]])  # mean, by position and item
LOGGING = np.array([0.5, 0.2, 0.3])
TARGET = np.array([0.1, 0.7, 0.2])


def test_all_outcomes_of_one_draw_average_to_the_truth():
    """Without a model and with a wrong one, by enumeration: exactly, not on average."""
    truth = float(TARGET @ REWARDS[0])
    model = np.array([0.9, 0.0, 0.4])
    plain = robust = 0.0
    for first, second in itertools.product(range(3), range(3)):  # two lists of one item
        shown = np.array([first, second])
        chance = float(np.prod(LOGGING[shown]))
        logged = Logged(REWARDS[0][shown], LOGGING[shown], TARGET[shown])
        plain += chance * ips(logged).value
        expected = np.full(2, TARGET @ model)
        robust += chance * doubly_robust(logged, model[shown], expected).value
    assert plain == pytest.approx(truth)
    assert robust == pytest.approx(truth)


@pytest.mark.parametrize("assume", ["item-position", "cascade"])
def test_all_outcomes_of_one_list_average_to_the_truth(assume):
    """Two places, drawn one after the other without putting an item twice."""

    def lists(policy):
        for first, second in itertools.permutations(range(3), 2):
            given = policy[second] / (1 - policy[first])
            yield (first, second), policy[first] * given, (policy[first], given)

    def marginal(policy, item):  # of the second place
        return sum(chance for places, chance, _ in lists(policy) if places[1] == item)

    truth = sum(c * (REWARDS[0][a] + REWARDS[1][b]) for (a, b), c, _ in lists(TARGET))
    found = robust = 0.0
    wrong = np.array([[0.3, 0.3, 0.9], [0.1, 0.7, 0.2]])  # a model that is none
    targets = {places: steps for places, _, steps in lists(TARGET)}
    for (a, b), chance, steps in lists(LOGGING):
        logging, target = steps, targets[a, b]
        expected = [TARGET @ wrong[0], 0.0]
        if assume == "item-position":
            logging = (steps[0], marginal(LOGGING, b))
            target = (target[0], marginal(TARGET, b))
            expected[1] = sum(marginal(TARGET, item) * wrong[1][item] for item in range(3))
        else:
            rest = [item for item in range(3) if item != a]
            expected[1] = sum(TARGET[i] / (1 - TARGET[a]) * wrong[1][i] for i in rest)
        twice = np.tile  # an interval wants two users
        logged = Logged(
            twice([REWARDS[0][a], REWARDS[1][b]], 2),
            twice(logging, 2),
            twice(target, 2),
            lists=np.array([0, 0, 1, 1]),
            position=np.array([0, 1, 0, 1]),
            assume=assume,
        )
        found += chance * ips(logged).value
        predicted = twice([wrong[0][a], wrong[1][b]], 2)
        robust += chance * doubly_robust(logged, predicted, twice(expected, 2)).value
    assert found == pytest.approx(truth)
    assert robust == pytest.approx(truth)


def shown(rng, n, users=None):
    item = rng.choice(3, n, p=LOGGING)
    reward = (rng.random(n) < REWARDS[0][item]).astype(float)
    return Logged(reward, LOGGING[item], TARGET[item], users=users), item


def test_the_formulas_by_hand():
    rng = np.random.default_rng(0)
    logged, item = shown(rng, 500)
    w = TARGET[item] / LOGGING[item]
    assert ips(logged).value == pytest.approx(np.mean(w * logged.reward))
    assert ips(logged).high - ips(logged).value == pytest.approx(
        1.959964 * np.std(w * logged.reward, ddof=1) / np.sqrt(500), rel=1e-6
    )
    assert snips(logged).value == pytest.approx(w @ logged.reward / w.sum())
    assert ips(logged).effective == pytest.approx(w.sum() ** 2 / (w @ w))
    assert ips(logged).warnings == ()


def test_a_perfect_model_leaves_only_what_chance_does():
    rng = np.random.default_rng(3)
    logged, item = shown(rng, 4000)
    robust = doubly_robust(logged, REWARDS[0][item], np.full(4000, TARGET @ REWARDS[0]))
    assert robust.high - robust.low < ips(logged).high - ips(logged).low
    exact = Logged(REWARDS[0][item], LOGGING[item], TARGET[item])
    sure = doubly_robust(exact, REWARDS[0][item], np.full(4000, TARGET @ REWARDS[0]))
    assert sure.low == pytest.approx(sure.high)
    assert sure.value == pytest.approx(TARGET @ REWARDS[0])


@pytest.mark.parametrize("estimate", [ips, snips])
def test_the_intervals_hold_the_truth_about_as_often_as_they_say(estimate):
    rng = np.random.default_rng(4)
    truth = TARGET @ REWARDS[0]
    held = 0
    for _ in range(300):
        found = estimate(shown(rng, 1000)[0])
        held += found.low <= truth <= found.high
    assert 0.91 <= held / 300 <= 0.99


def test_lists_of_one_user_are_one_observation():
    rng = np.random.default_rng(5)
    logged, _ = shown(rng, 200)
    again = Logged(
        np.tile(logged.reward, 5),
        np.tile(logged.propensity, 5),
        np.tile(logged.target, 5),
        users=np.tile(np.arange(200), 5),
    )
    for estimate in (ips, snips):
        once, five = estimate(logged), estimate(again)
        assert (once.value, once.low, once.high) == pytest.approx((five.value, five.low, five.high))


def test_clipping_is_told_and_bounds_what_is_lost():
    rng = np.random.default_rng(6)
    logged, item = shown(rng, 5000)
    w = TARGET[item] / LOGGING[item]
    cut = Logged(logged.reward, logged.propensity, logged.target, clip=2.0)
    found = ips(cut)
    assert found.clipped == pytest.approx(1 - np.minimum(w, 2).sum() / w.sum())
    assert ips(logged).value - found.value <= found.clipped * found.mean_weight * 5
    assert "Clipping" in found.warnings[0]


def test_what_the_log_cannot_tell_is_said():
    never = Logged(np.ones(1000), np.full(1000, 0.5), np.full(1000, 0.2))
    assert "never did" in ips(never).warnings[0]
    low = Logged(np.ones(1000), np.full(1000, 0.1), np.full(1000, 0.2))
    assert "too low" in ips(low).warnings[0]
    few = Logged(np.ones(50), np.full(50, 0.5), np.full(50, 0.5))
    assert "effective sample size is 50" in ips(few).warnings[0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"propensity": np.array([0.5, 0.0])}, "row 1"),
        ({"reward": np.ones(3)}, "3 rows"),
        ({"target": np.array([0.5, 1.5])}, "outside"),
        ({"reward": np.array([np.nan, 1])}, "finite"),
        ({"lists": np.zeros(2)}, "both or neither"),
        ({"assume": "luck"}, "item-position"),
        ({"clip": 0.0}, "above 0"),
    ],
)
def test_what_cannot_be_weighed_is_refused(change, told):
    whole = {"reward": np.ones(2), "propensity": np.full(2, 0.5), "target": np.full(2, 0.5)}
    with pytest.raises(UsageError, match=told):
        Logged(**{**whole, **change})


def test_one_user_has_no_interval_and_no_support_no_estimate():
    with pytest.raises(UsageError, match="two users"):
        ips(Logged(np.ones(2), np.full(2, 0.5), np.full(2, 0.5), users=np.array(["u", "u"])))
    with pytest.raises(UsageError, match="nothing can be said"):
        snips(Logged(np.ones(2), np.full(2, 0.5), np.zeros(2)))
