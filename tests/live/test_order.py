"""One state for any order of arrival, any repetition, any batches, restarts and evictions.

Each property compares with a model that keeps every event in a list and sorts when asked.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from penchant.core import Event
from penchant.engine import Past
from penchant.live import Follower, Live, LiveConfig
from penchant.testing import MemoryLog

NOW = 1_800_000_000.0
USERS = ("u1", "u2", "u3")
CONFIG = LiveConfig(keep=3, half_life_days=1.0)
TIMES = st.one_of(
    st.integers(-4, 4).map(lambda n: NOW + n),  # ties
    st.floats(NOW - 1e6, NOW + 300),
    st.sampled_from([0.0, NOW + 301, NOW + 400 * 86_400.0, 2.5e11]),  # late, and of wrong clocks
)


EVENTS = st.builds(
    Event,
    st.sampled_from(USERS),
    st.sampled_from(["i1", "i2", "i3"]),
    TIMES,
    st.uuids().map(str),
    st.sampled_from(["click", "buy"]),
)
MANY = st.lists(EVENTS, max_size=12)


def by_hand(events: list[Event], user: str) -> tuple[Past, ...]:
    own = sorted(
        (
            event.event_time if event.event_time <= NOW + 300 else NOW,
            event.event_id,
            event.item_id,
            event.event,
        )
        for event in {event.event_id: event for event in events}.values()
        if event.user_id == user
    )
    return tuple(Past(item, time, kind) for time, _, item, kind in own[-CONFIG.keep :])


def seen(live: Live) -> dict[str, object]:
    """Everything that can be seen of a state, but the numbers of the log."""
    live.catch_up()
    return {
        "past": {user: live.past(user) for user in USERS},
        "popular": live.follower.popularity(),
    }


def clock() -> float:
    return NOW


def fresh(log: MemoryLog, snapshot: Path | None = None) -> Live:
    return Live(Follower(log, CONFIG, snapshot, clock))


@given(MANY, st.data())
def test_any_order_any_repetition_any_batches(events: list[Event], data: st.DataObject):
    plain = MemoryLog(clock)
    plain.append(events)
    wild = MemoryLog(clock)
    live = fresh(wild)
    for event in data.draw(st.permutations(events * 2)):
        wild.append([event])
        if data.draw(st.booleans()):
            live.catch_up()
    assert seen(live) == seen(fresh(plain))
    for user in USERS:
        assert live.past(user) == by_hand(events, user)


class Lives(RuleBasedStateMachine):
    """Restarts, kills, evictions and erasures among the events.

    A killed process starts from its last snapshot, a stopped one from a new one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.log = MemoryLog(clock)
        self.there: list[Event] = []
        self.restart()

    def restart(self) -> None:
        self.live = fresh(self.log, Path(self.folder.name) / "snapshot")

    @rule(event=EVENTS)
    def post(self, event: Event):
        self.log.append([event, event])
        self.there.append(event)

    @rule()
    def catch_up(self):
        self.live.catch_up()

    @rule()
    def save(self):
        self.live.follower.save()

    @rule()
    def tend(self):
        self.live.follower.tend()

    @rule()
    def kill(self):
        self.restart()

    @rule()
    def stop(self):
        self.live.follower.close()
        self.restart()

    @rule()
    def run_out_of_memory(self):
        self.live.follower.state.users.most = 450  # bytes: one user

    @rule(user=st.sampled_from(USERS))
    def erase(self, user: str):
        self.log.erase(user)
        self.there = [event for event in self.there if event.user_id != user]

    @invariant()
    def every_past_is_the_newest_of_the_set(self):
        self.live.catch_up()
        for user in USERS:
            assert self.live.past(user) == by_hand(self.there, user)

    def teardown(self):
        """What is popular may wait for the next tending; a state folded anew is the measure."""
        self.live.follower.tend()
        anew = fresh(self.log)
        assert seen(self.live) == seen(anew)
        assert [self.live.version(user) for user in USERS] == [anew.version(user) for user in USERS]
        self.folder.cleanup()


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=50, stateful_step_count=25)


@given(MANY, st.data())
def test_a_past_changes_only_with_its_version(events: list[Event], data: st.DataObject):
    """Whoever caches by (user, version) never serves an old past."""
    log = MemoryLog(clock)
    live = fresh(log)
    known: dict[tuple[str, int], tuple[Past, ...]] = {}
    for event in events:
        log.append([event])
        if data.draw(st.integers(0, 4)) == 0:
            log.erase(data.draw(st.sampled_from(USERS)))
        live.catch_up()
        for user in USERS:
            now = live.user(user)
            assert known.setdefault((user, now.version), now.past) == now.past
