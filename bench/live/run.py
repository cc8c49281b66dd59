"""How fast the live state is, and how much memory it takes.

python bench/live/run.py                        # 100,000 events, a minute
python bench/live/run.py --events 1000000       # writes bench/live/result.json too

Events are drawn as people behave: few users and items have most of them. The log is SQLite in a
temporary folder; filling it is not timed. Seconds are processor time.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from penchant.core import Event, IdMap, Interactions, Sequences
from penchant.live import Follower, Live, LiveCatalogue, Popularity, State
from penchant.live.snapshot import copied
from penchant.store.log import Change, Log, open_log

HERE = Path(__file__).parent
NOW = 1_800_000_000.0


def drawn(events: int, users: int, items: int, seed: int) -> Iterator[list[Event]]:
    """Events in batches, in the order of their times but for one in ten, which comes late."""
    draw = np.random.default_rng(seed)
    who = (users * draw.random(events) ** 2).astype(int).tolist()
    what = (items * draw.random(events) ** 3).astype(int).tolist()
    late = draw.random(events) < 0.1
    when = (NOW - np.arange(events)[::-1] - late * draw.exponential(3600.0, events)).tolist()
    ids = [draw.bytes(16).hex() for _ in range(events)]
    for start in range(0, events, 5_000):
        rows = range(start, min(start + 5_000, events))
        yield [
            Event(f"user-{who[n]:08d}", f"B00{what[n]:07d}", when[n], ids[n], "click") for n in rows
        ]


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of processor time, which a busy machine does not stretch."""
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


def each(call: Callable[[Any], Any], arguments: list[Any]) -> float:
    """Microseconds of a call, the mean over some arguments."""
    return 1e6 * timed(lambda: [call(one) for one in arguments])[0] / len(arguments)


def read_all(log: Log) -> list[Change]:
    found: list[Change] = []
    while page := log.changes(found[-1].seq if found else 0):
        found += page
    return found


def trained(items: int) -> Interactions:
    """Ten events a user of a training over a catalogue of so many items."""
    draw = np.random.default_rng(2)
    users = max(1, items // 10)
    events = Sequences.of_items(np.full(users, 10), draw.integers(0, items, 10 * users))
    ids = IdMap(f"B00{n:07d}" for n in range(items))
    return Interactions(IdMap(f"user-{n:08d}" for n in range(users)), ids, events, timed=False)


def large(follower: Follower, catalogue: int) -> dict[str, Any]:
    """What grows with the catalogue: what is popular, and the items that were put."""
    training = trained(catalogue)
    live = Live(follower, training)
    live.popularity(training.items)
    popular, _ = timed(lambda: live.popularity(training.items))
    counters = Popularity(7 * 86_400.0)
    gc.collect()
    before = psutil.Process().memory_info().rss
    for n, name in enumerate(training.items):
        counters.add(f"{name}", NOW - 604_800.0 * (n % 4), "click")
    memory = psutil.Process().memory_info().rss - before
    copying, _ = timed(counters.copy)
    items = LiveCatalogue(lambda _: {}, lambda rows: None)
    items.put(dict.fromkeys(training.items, 1))
    counting = each(lambda _: items.counts(), list(range(100)))
    away = each(lambda _: items.away, list(range(100)))
    return {
        "catalogue, items": catalogue,
        "what is popular, all items, milliseconds": round(1e3 * popular, 1),
        "memory of a counter, bytes": round(memory / len(counters)),
        "a copy of all counters, microseconds": round(1e6 * copying, 1),
        "counting items that were put, microseconds": round(counting, 2),
        "asking which were withdrawn, microseconds": round(away, 2),
    }


def measure(log: Log, folder: Path, users: int, catalogue: int) -> dict[str, Any]:
    """All figures, on one filled log."""
    snapshot = folder / "live.snapshot"
    process = psutil.Process()
    gc.collect()
    before = process.memory_info().rss
    follower = Follower(log, snapshot=snapshot)
    rebuild, count = timed(follower.catch_up)
    gc.collect()
    memory = process.memory_info().rss - before
    state = follower.state
    saving, _ = timed(follower.save)
    start, again = timed(lambda: Follower(log, snapshot=snapshot))
    again.catch_up()
    live = Live(follower)
    names = [f"user-{n:08d}" for n in np.random.default_rng(1).integers(0, users, 2_000).tolist()]
    resident = each(live.past, names)
    nothing = each(lambda _: live.catch_up(), names)
    with follower._lock:
        copy, _ = timed(lambda: copied(state))
    state.users.complete = False
    for name in names:
        state.users.pop(name)
    read_back = each(live.past, list(dict.fromkeys(names)))
    changes = read_all(log)
    fold = State(follower.config)
    folding, _ = timed(
        lambda: [fold.fold(changes[n : n + 10_000]) for n in range(0, count, 10_000)]
    )
    return {
        "events": count,
        "users": len(state.users),
        "longest history": max(map(len, fold.users.copy().values())),
        "rebuild from the log, seconds": round(rebuild, 2),
        "folding alone, events a second": round(count / folding),
        "resident memory a user, bytes": round(memory / len(fold.users)),
        "counted memory a user, bytes": round(fold.users.size / len(fold.users)),
        "snapshot, bytes an event": round(snapshot.stat().st_size / count, 1),
        "snapshot written, seconds": round(saving, 2),
        "copied for it, everybody waiting, milliseconds": round(1e3 * copy, 1),
        "start from the snapshot, seconds": round(start, 2),
        "catching up with nothing new, microseconds": round(nothing, 1),
        "a past from memory, microseconds": round(resident, 1),
        "a past from the log, microseconds": round(read_back, 1),
        **large(follower, catalogue),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--users", type=int, help="a tenth of the events unless given")
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--catalogue", type=int, default=1_000_000, help="items of a large one")
    given = parser.parse_args()
    users = given.users or given.events // 10
    with tempfile.TemporaryDirectory() as folder, open_log(Path(folder) / "log") as log:
        for batch in drawn(given.events, users, given.items, given.seed):
            log.append(batch)
        figures = measure(log, Path(folder), users, given.catalogue)
        found = {"seed": given.seed, "cores": os.cpu_count(), **figures}
    text = json.dumps(found, indent=2)
    print(text)
    if given.events >= 1_000_000:
        (HERE / "result.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
