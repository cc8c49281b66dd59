"""How many events a second the log takes, durable before each is acknowledged.

    python bench/events/run.py [--where FOLDER_OR_URL] [--out result.json]

Singles: 32 threads, each posts one event and waits for it, again and again. Bulk: four threads post
500 events at a time. Both on a log that holds 100,000 events already, and on PostgreSQL where a
server is installed. Beside them: what one flush of this disk takes, how busy the machine was, and
the processor time, as that does not depend on who else was at work.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np

from penchant.core import Event
from penchant.store.log import Log, open_log
from penchant.testing import find_programs, postgres_server

HERE = Path(__file__).parent
HELD, USERS, ITEMS = 100_000, 20_000, 5_000


def event(draw: np.random.Generator) -> Event:
    """A click of somebody on something, with an id such as clients make."""
    user, item = draw.integers(USERS), draw.integers(ITEMS)
    return Event(f"user-{user}", f"item-{item}", 1.7e9 + float(draw.random()), uuid.uuid4().hex)


def flush_ms(folder: Path) -> float:
    """Milliseconds to write 8 KiB and flush them, the median of 100."""
    with (folder / "flush").open("wb") as file:
        taken = []
        for _ in range(100):
            file.write(bytes(8192))
            file.flush()
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - begun)
    return float(np.median(taken)) * 1e3


def together(threads: int, work: Callable[[int], None]) -> tuple[float, float]:
    """Seconds and processor seconds that threads took to do their work."""
    ready = threading.Barrier(threads + 1)

    def run(number: int) -> None:
        ready.wait()
        work(number)

    started = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in started:
        thread.start()
    ready.wait()
    begun, cpu = time.perf_counter(), time.process_time()
    for thread in started:
        thread.join()
    return time.perf_counter() - begun, time.process_time() - cpu


def singles(log: Log, threads: int, each: int) -> dict[str, float]:
    """One event a post, from threads that wait for each."""
    draws = [np.random.default_rng(number) for number in range(threads)]
    events = [[event(draw) for _ in range(each)] for draw in draws]
    waits: list[float] = []

    def post(number: int) -> None:
        for one in events[number]:
            begun = time.perf_counter()
            log.append([one])
            waits.append(time.perf_counter() - begun)

    seconds, cpu = together(threads, post)
    return _figures(threads * each, seconds, cpu) | {
        "p50_ms": float(np.percentile(waits, 50)) * 1e3,
        "p99_ms": float(np.percentile(waits, 99)) * 1e3,
    }


def bulk(log: Log, threads: int, posts: int, size: int) -> dict[str, float]:
    """Many events a post."""
    draw = np.random.default_rng(99)
    batches = [[[event(draw) for _ in range(size)] for _ in range(posts)] for _ in range(threads)]

    def post(number: int) -> None:
        for batch in batches[number]:
            log.append(batch)

    seconds, cpu = together(threads, post)
    return _figures(threads * posts * size, seconds, cpu)


def reading(log: Log) -> dict[str, float]:
    """Microseconds of what is asked before every recommendation."""
    found = {}
    last = log.last_seq()
    for name, call in (
        ("last_seq", log.last_seq),
        ("changes_when_none", lambda: log.changes(last)),
        ("events_of", lambda: log.events_of("user-7", 50)),
    ):
        begun = time.process_time()
        for _ in range(1000):
            call()
        found[f"{name}_cpu_us"] = (time.process_time() - begun) * 1e3
    return found


def measured(where: str | Path, scale: float) -> dict[str, object]:
    """All figures of one log."""
    with open_log(where) as log:
        draw = np.random.default_rng(1)
        for _ in range(0, HELD, 10_000):
            log.append([event(draw) for _ in range(10_000)])
        found: dict[str, object] = {"held": HELD}
        found["singles_1_thread"] = singles(log, 1, int(300 * scale))
        found["singles_32_threads"] = singles(log, 32, int(200 * scale))
        found["bulk_4_threads_of_500"] = bulk(log, 4, int(40 * scale), 500)
        if not str(where).startswith("postgres"):
            found["reading"] = reading(log)
    return found


def _figures(count: int, seconds: float, cpu: float) -> dict[str, float]:
    return {
        "events": count,
        "events_per_second": count / seconds,
        "events_per_cpu_second": count / cpu if cpu else 0.0,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--where", help="a folder or postgresql://...; both kinds by default")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the posts to make")
    parser.add_argument("--out", type=Path, default=HERE / "result.json")
    args = parser.parse_args()
    found: dict[str, object] = {
        "command": "python bench/events/run.py",
        "processors": os.cpu_count(),
        "load_before": os.getloadavg(),
    }
    with tempfile.TemporaryDirectory() as folder:
        found["flush_ms"] = flush_ms(Path(folder))
        if args.where:
            found[args.where] = measured(args.where, args.scale)
        else:
            found["sqlite"] = measured(Path(folder) / "log", args.scale)
            if find_programs():
                with postgres_server() as server:
                    found["postgres"] = measured(server.url(), args.scale)
    found["load_after"] = os.getloadavg()
    args.out.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
