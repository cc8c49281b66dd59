"""What users of an experiment did, from the log."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.core import Event, Impression
from penchant.live.experiments import Arm, Experiment, last_number, tally
from penchant.live.experiments.tally import MOST, SLACK
from penchant.rank import draft_teams, team_draft
from penchant.testing.memory_log import MemoryLog

ARMS = (Arm("control", "m1", 0.5), Arm("new", "m2", 0.5))
HOUR = 3600.0


def ab(**changes: object) -> Experiment:
    told = {"name": "t", "kind": "ab", "arms": ARMS, "salt": "s", "window": HOUR}
    return Experiment(**{**told, **changes})  # type: ignore[arg-type]


def values(found, arm=0, measure="events"):
    return found.values(arm, np.inf, measure).tolist()


def of_arm(experiment: Experiment, arm: int, place: int = 0) -> str:
    """A user of an arm."""
    return [f"u{i}" for i in range(200) if experiment.arm_of(f"u{i}") == arm][place]


def test_a_user_counts_when_their_window_is_over(log, clock, show, do):
    one = ab(started_at=clock.now)
    user = of_arm(one, 0)
    show(one, user, "abc")
    clock.now += 60
    do(user, "b")
    do(user, "x")  # never shown
    do(user, "a", "view")  # of no kind that counts
    early = tally(one, log, clock.now)
    assert (len(early), early.waiting) == (0, (1, 0))
    clock.now += HOUR
    do(user, "a")  # too late
    found = tally(one, log, clock.now)
    assert (values(found), found.waiting) == ([1.0], (0, 0))
    assert found.ends.tolist() == [1_000_000 + HOUR]


def test_the_window_opens_with_the_first_list_and_later_lists_add_items(log, clock, show, do):
    one = ab(started_at=clock.now)
    user = of_arm(one, 1)
    show(one, user, "ab")
    clock.now += HOUR / 2
    do(user, "c")
    clock.now += 2 * SLACK
    show(one, user, "c")
    do(user, "c")
    clock.now += HOUR
    assert values(tally(one, log, clock.now), 1) == [1.0]
    assert values(tally(one, log, clock.now), 1, "users") == [1.0]


def test_who_does_too_much_is_no_person(log, clock, show, do):
    one = ab(started_at=clock.now)
    user = of_arm(one, 0)
    show(one, user, "a")
    for _ in range(MOST + 20):
        do(user, "a")
    clock.now += HOUR
    assert values(tally(one, log, clock.now)) == [MOST]


def test_a_stopped_experiment_tells_what_it_told_when_it_was_stopped(log, clock, show, do):
    one = ab(started_at=clock.now)
    show(one, of_arm(one, 0), "a")
    do(of_arm(one, 0), "a")
    clock.now += HOUR / 2
    show(one, of_arm(one, 0, 1), "a")
    clock.now += HOUR / 2
    ended = ab(started_at=one.started_at, stopped_at=clock.now)
    clock.now += HOUR
    found = tally(ended, log, clock.now)
    assert (values(found), found.waiting) == ([1.0], (1, 0))


def test_somebody_erased_is_gone_from_the_figures(log, clock, show, do):
    one = ab(started_at=clock.now)
    show(one, of_arm(one, 0), "a")
    show(one, of_arm(one, 0, 1), "a")
    log.erase(of_arm(one, 0))
    clock.now += HOUR
    assert len(tally(one, log, clock.now)) == 1


def test_what_is_told_wrongly_is_noticed(log, clock, show):
    one = ab(started_at=clock.now)
    user, now = of_arm(one, 1), clock.now
    log.add_impressions(
        [
            Impression("r1", "a", 0, "m1", now, user, one.policy(0)),  # the other arm's list
            Impression("r2", "a", 0, "m1", now, None, one.policy(0)),
            Impression("r3", "a", 0, "m1", now, user, "another/control"),
            Impression("r4", "a", 0, "m1", now - 2 * HOUR, of_arm(one, 0), one.policy(0)),  # before
        ]
    )
    show(one, of_arm(one, 0, 1), "a")
    clock.now += HOUR
    found = tally(one, log, clock.now)
    assert (found.crossed, found.nameless, sorted(found.arm.tolist())) == (1, 1, [0, 1])


def test_users_outside_are_not_counted(log, clock):
    one = ab(arms=(Arm("a", "m1", 0.1), Arm("b", "m2", 0.1)), started_at=clock.now)
    outside = of_arm(one, None)
    log.add_impressions([Impression("r", "a", 0, "m1", clock.now, outside, one.policy(0))])
    clock.now += HOUR
    assert len(tally(one, log, clock.now)) == 0


def test_a_choice_from_a_merged_list_is_credited_to_the_list_that_put_it(log, clock, show, do):
    one = ab(kind="interleave", started_at=clock.now)
    teams = draft_teams("request", 6, "s")
    merged = "".join(team_draft("abcdefgh", "hgfedcba", teams))
    show(one, "u1", merged, "request")
    for item in merged[:3]:
        do("u1", item)
    clock.now += HOUR
    found = tally(one, log, clock.now)
    assert found.sides.tolist() == [[3 - int(teams[:3].sum()), int(teams[:3].sum())]]


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 64, 65, 100])
def test_the_last_number_is_found_by_asking(log, rows):
    log.add_impressions([Impression(f"r{i}", "a", 0, "m", 0.0) for i in range(rows)])
    assert last_number(log) == rows


SHOWN = st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 5000))


@settings(max_examples=60)
@given(
    st.lists(SHOWN, max_size=25, unique_by=lambda row: row[:2]),
    st.lists(SHOWN, max_size=25),
    st.integers(0, 9000),
)
def test_it_is_what_counting_naively_gives(shown, done, now):
    one = ab()
    log = MemoryLog(lambda: 1e6)
    people = [f"u{i}" for i in range(6)]
    log.add_impressions(
        [
            Impression(f"{u}-{i}", f"i{i}", 0, "m", t, people[u], one.policy(one.arm_of(people[u])))
            for u, i, t in shown
        ]
    )
    log.append([Event(people[u], f"i{i}", t, event="click") for u, i, t in done])
    found = tally(one, log, now)
    naive = []
    for user in range(6):
        mine = [row for row in shown if row[0] == user and row[2] <= now]
        if not mine:
            continue
        first = min(t for *_, t in mine)
        count = sum(
            any(i == item and t <= time + SLACK for _, i, t in mine)
            and first - SLACK <= time <= first + HOUR
            for who, item, time in done
            if who == user
        )
        if first + HOUR <= now:
            naive.append((first + HOUR, one.arm_of(people[user]), count))
    told = zip(found.ends.tolist(), found.arm.tolist(), found.successes.tolist(), strict=True)
    assert sorted(told) == sorted(naive)
