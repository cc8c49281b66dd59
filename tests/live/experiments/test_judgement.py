"""What an experiment tells."""

from __future__ import annotations

import math

import numpy as np
import pytest

from penchant.live.experiments import Arm, Experiment, Tally, conclusion, judge, outcome
from penchant.metrics import Sample, difference, mixing, preference

DAY = 86_400.0


def of(kind: str = "ab", **changes: object) -> Experiment:
    told = {
        "name": "t",
        "kind": kind,
        "salt": "s",
        "arms": (Arm("old", "1", 0.5), Arm("new", "2", 0.5)),
    }
    return Experiment(**{**told, **changes})  # type: ignore[arg-type]


def people(rates: list[float], users: int = 4000, days: float = 4, split: float = 0.5) -> Tally:
    """Users who come evenly, each with a success or none; of an interleaving, on either side."""
    rng = np.random.default_rng(0)
    arm = (rng.random(users) > split).astype(np.int64)
    successes = (rng.random(users) < np.array(rates)[arm]).astype(np.int64)
    sides = (rng.random((users, 2)) < np.array(rates)).astype(np.int64)
    ends = np.sort(rng.uniform(0, days * DAY, users))
    return Tally(arm, ends, successes, sides, (0, 0))


def test_the_looks_are_those_at_the_end_of_each_day_and_now():
    found = judge(of(), people([0.1, 0.1]), 3.5 * DAY).comparisons[0]
    assert [look.at / DAY for look in found.looks] == [1, 2, 3, 3.5]
    assert judge(of(), people([0.1, 0.1]), 10.0).comparisons[0].now.at == 10
    stopped = judge(of(stopped_at=2 * DAY), people([0.1, 0.1]), 9 * DAY).comparisons[0]
    assert [look.at / DAY for look in stopped.looks] == [1, 2]


def test_a_look_is_the_test_of_those_who_count_by_then():
    given = people([0.1, 0.2])
    look = judge(of(), given, 4 * DAY).comparisons[0].looks[1]
    there = given.ends <= 2 * DAY
    samples = [
        Sample.of(given.successes[there & (given.arm == arm)].astype(float)) for arm in (0, 1)
    ]
    by_hand = difference(*samples, mixing(10_000))
    assert (look.gap, look.low, look.high, look.p) == (
        by_hand.gap,
        by_hand.low,
        by_hand.high,
        by_hand.p,
    )
    assert look.users == (samples[0].n, samples[1].n)


def test_better_worse_and_undecided():
    for rates, concluded in (
        ([0.1, 0.2], "better"),
        ([0.2, 0.1], "worse"),
        ([0.1, 0.1], "undecided"),
    ):
        for kind in ("ab", "interleave"):
            one = of(kind, users=4000)
            judged = judge(one, people(rates), 4 * DAY)
            assert judged.comparisons[0].conclusion == concluded
            (told,) = conclusion(one, judged)
            better = "is preferred to" if kind == "interleave" else "is better than"
            says = {"better": f"new {better} old", "worse": f"old {better} new"}
            assert told.startswith(says.get(concluded, "Undecided: new"))


def test_an_interleaving_is_judged_by_votes():
    given = people([0.1, 0.2])
    look = judge(of("interleave", users=4000), given, 4 * DAY).comparisons[0].now
    by_hand = preference(given.sides[:, 0], given.sides[:, 1], 4000)
    assert look.users == (by_hand.losses, by_hand.wins)
    assert (look.low, look.high, look.p) == (by_hand.low - 0.5, by_hand.high - 0.5, by_hand.p)


def test_a_split_that_is_not_as_meant_forbids_every_conclusion():
    one = of()
    judged = judge(one, people([0.1, 0.3], split=0.4), 4 * DAY)
    assert judged.split_p < 0.01
    assert judged.comparisons[0].conclusion == "split"
    assert conclusion(one, judged)[0].startswith("Conclude nothing")


def test_several_arms_share_the_alarms():
    arms = (Arm("old", "1", 0.4), Arm("new", "2", 0.4), Arm("other", "3", 0.2))
    judged = judge(of(arms=arms), people([0.1, 0.1]), 4 * DAY)
    assert [one.arm for one in judged.comparisons] == ["new", "other"]
    given = people([0.1, 0.1])
    samples = [Sample.of(given.successes[given.arm == arm].astype(float)) for arm in (0, 1)]
    by_hand = difference(*samples, mixing(8000, 0.025), 0.025)
    assert judged.comparisons[0].now.low == pytest.approx(by_hand.low)


def test_what_is_too_early_is_said():
    nobody = Tally(*(np.zeros(0, np.int64) for _ in range(3)), np.zeros((0, 2), np.int64), (0, 0))
    one = of()
    judged = judge(one, nobody, DAY / 2)
    assert math.isinf(judged.comparisons[0].now.low)
    told = conclusion(one, judged)
    assert told[0].startswith("Too early")
    assert "POST /v1/impressions" in told[1]
    waiting = Tally(*(np.zeros(0, np.int64) for _ in range(3)), np.zeros((0, 2), np.int64), (3, 4))
    assert "7 users wait" in conclusion(one, judge(one, waiting, DAY / 2))[1]


def test_what_is_told_wrongly_is_said():
    given = people([0.1, 0.1])
    odd = Tally(given.arm, given.ends, given.successes, given.sides, (0, 0), crossed=3, nameless=4)
    told = conclusion(of(), judge(of(), odd, 4 * DAY))
    assert "3 users were told lists of another arm" in told[1]
    assert "4 impressions came without a user_id" in told[2]


def test_a_shadow_says_nothing_of_people():
    one = of("shadow")
    judged = judge(one, people([0.1, 0.1]), 4 * DAY)
    assert judged.comparisons == ()
    assert "Nobody sees" in conclusion(one, judged)[0]


def test_what_is_measured_has_words():
    assert outcome(of(events=("click", "buy"))) == "share of users with a click or buy"
    assert outcome(of(measure="events")) == "click events a user"
    assert outcome(of("interleave")).startswith("which list")
