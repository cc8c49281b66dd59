"""On a real log: a process that is killed comes back with exactly the state it would have had."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from penchant.core import Event
from penchant.live import Follower, Live, LiveConfig
from penchant.store.log import open_log, restore

pytest.importorskip("apsw")

CONFIG = LiveConfig(keep=20)
USERS = [f"u{n}" for n in range(30)]
NOW = 1_800_000_000.0

INGEST = """
import itertools, random, sys
from pathlib import Path
from penchant.core import Event
from penchant.live import Follower, LiveConfig
from penchant.store.log import open_log

folder, seed = Path(sys.argv[1]), int(sys.argv[2])
draw = random.Random(seed)
log = open_log(folder / "log")
follower = Follower(log, LiveConfig(keep=20), folder / "snapshot")
for step in itertools.count():
    user, item = f"u{draw.randrange(30)}", f"i{draw.randrange(50)}"
    time = 1_800_000_000.0 - draw.random() * 1e6
    log.append([Event(user, item, time, f"{seed}-{step}")])
    follower.catch_up()
    if draw.random() < 0.02:
        log.erase(f"u{draw.randrange(30)}")
    if draw.random() < 0.1:
        follower.tend()
        follower.save()
    if step == 20:
        print("begun", flush=True)
"""


def seen(follower: Follower) -> dict[str, object]:
    live = Live(follower)
    follower.tend()
    return {
        "pasts": [live.user(user) for user in USERS],
        "popular": follower.state.popularity,
        "erased": follower.state.erased,
        "cursor": follower.state.cursor,
    }


def clock() -> float:
    return NOW


def fill(log, count: int) -> None:
    draw = random.Random(count)  # noqa: S311 - nothing secret
    log.append(
        [
            Event(draw.choice(USERS), f"i{draw.randrange(50)}", NOW - 1e6 * draw.random(), f"{n}")
            for n in range(count)
        ]
    )


def test_a_state_from_the_disk_is_the_state_that_was_followed(tmp_path):
    with open_log(tmp_path / "log", clock=clock) as log:
        follower = Follower(log, CONFIG, tmp_path / "snapshot", clock)
        for step in range(40):
            fill(log, 10 * step)  # each time those of before once more
            follower.catch_up()
            if step % 13 == 12:
                log.erase(USERS[step % 30])
                follower.save()
        log.put_items([{"item_id": "i1", "available": False}])
        followed = seen(follower)
    with open_log(tmp_path / "log", clock=clock) as log:
        assert seen(Follower(log, CONFIG, tmp_path / "snapshot", clock)) == followed
        assert seen(Follower(log, CONFIG, clock=clock)) == followed


def test_who_is_read_back_from_the_disk_is_who_was_in_memory(tmp_path):
    with open_log(tmp_path / "log", clock=clock) as log:
        fill(log, 900)
        small, large = Follower(log, CONFIG, clock=clock), Follower(log, CONFIG, clock=clock)
        small.state.users.most = 3_000
        for step in range(20):
            fill(log, 1_000 + step)
            assert seen(small) == seen(large)
        assert not small.state.users.complete


@pytest.mark.slow
def test_killed_at_any_moment(tmp_path):
    """Thrice a process that appends, erases and writes snapshots is killed in the middle of it."""
    for seed in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", INGEST, str(tmp_path), str(seed)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        try:
            process.wait(0.2 + 0.1 * seed)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        process.stdout.close()
        with open_log(tmp_path / "log") as log:
            quick = seen(Follower(log, CONFIG, tmp_path / "snapshot", clock))
            assert quick == seen(Follower(log, CONFIG, clock=clock))
            assert left_behind(tmp_path) == []


def left_behind(folder: Path) -> list[str]:
    return [path.name for path in folder.glob(".snapshot*")]


def test_a_restored_backup_is_not_mixed_with_the_snapshot_of_what_it_replaced(tmp_path):
    with open_log(tmp_path / "log", clock=clock) as log:
        fill(log, 100)
        log.backup(tmp_path / "backup")
        fill(log, 300)
        follower = Follower(log, CONFIG, tmp_path / "snapshot", clock)
        follower.catch_up()
        follower.close()
    restore(tmp_path / "backup", tmp_path / "log", replace=True)
    with open_log(tmp_path / "log", clock=clock) as log:
        log.append([Event("u1", "new", NOW, "new")])
        again = Follower(log, CONFIG, tmp_path / "snapshot", clock)
        assert seen(again) == seen(Follower(log, CONFIG, clock=clock))
