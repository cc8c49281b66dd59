"""A start from a snapshot is a start from the log, only sooner; a bad snapshot is no snapshot."""

from __future__ import annotations

import random

import pytest

from penchant.live import Follower, Live, LiveConfig, snapshot_keeper
from penchant.testing import MemoryLog

CONFIG = LiveConfig(keep=5)
USERS = [f"u{n}" for n in range(40)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "snapshot"


@pytest.fixture
def filled(log, did):
    """A log with everything in it that a state can hold."""
    for step in range(200):
        did(USERS[step % 37], f"i{step % 11}", step * 3.7, kind=("click", "buy ñ 😀")[step % 2])
    log.put_items([{"item_id": "i1", "available": False}, {"item_id": "i2", "title": "T"}])
    log.erase("u3")
    return log


def seen(follower: Follower) -> dict[str, object]:
    live = Live(follower)
    follower.tend()
    state = follower.state
    return {
        "pasts": [live.user(user) for user in USERS],
        "popular": state.popularity,
        "items": live.items(),
        "withdrawn": live.withdrawn(),
        "erased": state.erased,
        "cursor": state.cursor,
    }


def saved(log, path, clock) -> Follower:
    follower = Follower(log, CONFIG, path, clock)
    follower.catch_up()
    follower.save()
    return follower


def reads_of(log: MemoryLog, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The places in the log from which changes are read, from now on."""
    read, places = log.changes, []

    def changes(after: int = 0, limit: int = 10_000):
        places.append(after)
        return read(after, limit)

    monkeypatch.setattr(log, "changes", changes)
    return places


def test_a_start_reads_only_what_came_after_the_snapshot(filled, did, path, clock, monkeypatch):
    saved(filled, path, clock)
    did("u1", "i5", 900)
    did("u39", "i6", 901)
    expected = seen(Follower(filled, CONFIG, clock=clock))
    places = reads_of(filled, monkeypatch)
    again = Follower(filled, CONFIG, path, clock)
    assert seen(again) == expected
    assert min(places) > 100


def test_a_snapshot_is_small(log, did, path, clock):
    for step in range(2_000):
        did(f"u{step % 100}", f"B00{step % 500:07d}", step, event_id=f"{step:032x}")
    saved(log, path, clock)
    assert path.stat().st_size < 2_000 * 100


def test_users_that_did_not_fit_into_memory_are_read_from_the_log_after_a_start_too(
    filled, path, clock
):
    follower = Follower(filled, CONFIG, path, clock)
    follower.state.users.most = 4_000
    follower.catch_up()
    assert not follower.state.users.complete
    follower.save()
    again = Follower(filled, CONFIG, path, clock)
    assert len(again.state.users) < 20
    assert seen(again) == seen(Follower(filled, CONFIG, clock=clock))


def damages(content: bytes) -> dict[str, bytes]:
    draw = random.Random(0)  # noqa: S311 - nothing secret
    found = {"empty": b"", "cut short": content[:-1], "one byte more": content + b"x"}
    for n in range(30):
        flipped = bytearray(content)
        flipped[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        found[f"flipped bit {n}"] = bytes(flipped)
        found[f"cut {n}"] = content[: draw.randrange(len(content))]
        start = draw.randrange(len(content))
        zeroed = content[:start] + bytes(len(content[start : start + 512])) + content[start + 512 :]
        if zeroed != content:
            found[f"zeroed {n}"] = zeroed
    return found


def test_a_damaged_snapshot_is_left_aside_with_a_line_in_the_logs(filled, path, clock, caplog):
    saved(filled, path, clock)
    expected = seen(Follower(filled, CONFIG, clock=clock))
    for name, content in damages(path.read_bytes()).items():
        path.write_bytes(content)
        caplog.clear()
        follower = Follower(filled, CONFIG, path, clock)
        assert not path.exists(), "of no use to anybody"
        assert "folded from the log again" in caplog.text, name
        assert seen(follower) == expected, name


def test_a_snapshot_of_another_format_is_left_aside(filled, path, clock, caplog):
    saved(filled, path, clock)
    path.write_bytes(path.read_bytes().replace(b"state 2\n", b"state 3\n", 1))
    follower = Follower(filled, CONFIG, path, clock)
    assert follower.state.cursor == 0
    assert "does not read" in caplog.text


def test_a_snapshot_of_other_settings_is_left_aside(filled, path, clock, caplog):
    saved(filled, path, clock)
    assert Follower(filled, LiveConfig(keep=6), path, clock).state.cursor == 0
    assert "other settings" in caplog.text


def test_a_snapshot_ahead_of_its_log_is_left_aside(filled, path, clock, caplog):
    saved(filled, path, clock)
    assert Follower(MemoryLog(clock), CONFIG, path, clock).state.cursor == 0
    assert "ahead of the log" in caplog.text


def test_a_snapshot_of_a_log_that_was_restored_and_went_on_is_left_aside(
    filled, did, path, clock, caplog
):
    """The numbers are taken again by other events then."""
    saved(filled, path, clock)
    restored = MemoryLog(clock)
    clock.now += 60
    from penchant.core import Event

    for n in range(300):
        restored.append([Event("u1", "i1", clock.now, f"other {n}")])
    follower = Follower(restored, CONFIG, path, clock)
    assert follower.state.cursor == 0
    assert "another log" in caplog.text
    assert seen(follower) == seen(Follower(restored, CONFIG, clock=clock))


def test_a_snapshot_of_a_log_that_lost_its_last_changes_is_left_aside(
    filled, did, path, clock, caplog
):
    """As after a restored backup, where the numbers go on behind those that were lost."""
    did("u1", "lost", 950)
    saved(filled, path, clock)
    last = max(filled._events.values(), key=lambda stored: stored.seq)
    del filled._events[last.event.event_id]
    did("u2", "i1", 960)
    follower = Follower(filled, CONFIG, path, clock)
    assert follower.state.cursor == 0
    assert seen(follower) == seen(Follower(filled, CONFIG, clock=clock))


def test_a_snapshot_stays_good_where_earlier_changes_were_replaced(filled, did, path, clock):
    did("u1", "i1", 950)
    saved(filled, path, clock)
    filled.put_items([{"item_id": "i2", "title": "U"}])  # the earlier put is gone from the log
    filled.erase("u5")
    follower = Follower(filled, CONFIG, path, clock)
    assert follower.state.cursor > 0
    assert seen(follower) == seen(Follower(filled, CONFIG, clock=clock))


def test_a_disk_that_refuses_costs_the_snapshot_and_nothing_else(
    filled, path, clock, caplog, monkeypatch
):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    follower = Follower(filled, CONFIG, path, clock)
    follower.catch_up()
    monkeypatch.setattr(snapshot_keeper, "write_snapshot", full)
    follower.save()
    assert "could not be written" in caplog.text
    assert Live(follower).past("u1")


def test_a_snapshot_is_written_after_enough_changes_and_at_the_end(
    filled, did, path, clock, monkeypatch
):
    monkeypatch.setattr(snapshot_keeper, "SNAPSHOT_CHANGES", 100)
    follower = Follower(filled, CONFIG, path, clock)
    follower.tend()
    first = path.stat().st_mtime_ns
    did("u1", "i1", 900)
    follower.tend()
    assert path.stat().st_mtime_ns == first
    follower.close()
    assert path.stat().st_mtime_ns != first
    assert Follower(filled, CONFIG, path, clock).state.cursor == filled.last_seq()


def test_the_thread_tends_until_it_is_closed(filled, path, clock):
    import threading

    follower = Follower(filled, CONFIG, path, clock)
    tended = threading.Event()
    follower.watch(lambda _: tended.set())
    follower.start(every=0.01)
    assert tended.wait(10)
    follower.close()
    assert [thread.name for thread in threading.enumerate() if thread.name == "live"] == []
    assert path.exists()


def test_what_people_did_is_for_the_owner_of_the_file_alone(filled, path, clock):
    saved(filled, path, clock)
    assert path.stat().st_mode & 0o777 == 0o600
