"""How soon a change is noticed, and how often there is none.

python bench/drift/run.py --data FOLDER             # writes bench/drift/result.json, five minutes
python bench/drift/run.py --synthetic 50            # the quiet streams alone, without data

Real events (MovieLens-1M with likes and genres; Amazon Video Games with titles) as quiet streams:
the same users in a random order. In the middle of each something happens (``injected.py``). Delays
are counted in events and in users from the first changed event to the alert. The settings are the
defaults; they were chosen on MovieLens latest-small and Amazon Beauty, which are not in this table.
Where river is installed its ADWIN and Page-Hinkley watch the same shares with their own defaults.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from injected import FIVE, MORE, Injected, mixed  # noqa: E402
from rivals import rivals  # noqa: E402
from streams import ListLog, Stream, amazon, movielens_1m, stored  # noqa: E402

from penchant.core import Event  # noqa: E402
from penchant.live.drift import Alert, Drift, DriftConfig, Facts  # noqa: E402

START = 1_800_000_000.0


def watched(events: list[Event], items: dict[str, Any], puts: Any = None) -> tuple[Drift, float]:
    """A stream to its end, and the seconds of processor time that this took."""
    log = ListLog(stored(events, puts))
    drift = Drift(log, Facts(items.get), DriftConfig())
    began = time.process_time()
    drift.catch_up()
    return drift, time.process_time() - began


def told(alerts: tuple[Alert, ...], found: Injected, at: int) -> dict[str, Any]:
    """The first alert that tells of it, and how long it took."""
    first = at + 1 + sum(map(len, found.puts.values()))  # the seq of the first changed event
    early = [one for one in alerts if one.found_seq < at]
    late = [one for one in alerts if one.found_seq >= at and one.signal in found.signals]
    if not late:
        return {"found": False, "false alarms before": len(early)}
    one = late[0]
    delay = max(one.found_seq - first, 0)
    return {
        "found": True,
        "signal": one.signal,
        "what": one.what,
        "delay, events": delay,
        "delay, users": len({event.user_id for event in found.events[at : at + delay]}),
        "since, events off": one.since_seq - first,
        "psi": round(one.psi, 3),
        "false alarms before": len(early),
    }


def real(name: str, stream: Stream, other: Stream, seeds: int) -> dict[str, Any]:
    """Everything on one data set."""
    quiet, cases, beside = [], {}, {}
    seconds = events = 0.0
    by_time, _ = watched(stream.events, stream.items)
    for seed in range(seeds):
        calm = mixed(stream.permuted(seed), seed)
        drift, spent = watched(calm.events, calm.items)
        seconds, events = seconds + spent, events + len(calm.events)
        quiet.append([str(alert) for alert in drift.alerts()])
        at = len(calm.events) // 2
        for what, inject in {**FIVE, **MORE}.items():
            if what == "values lost" and calm.events[0].value is None:
                continue  # there are none
            found = inject(calm, at, other, seed)
            drift, _ = watched(found.events, found.items, found.puts)
            cases.setdefault(what, []).append(told(drift.alerts(), found, at))
            if seed == 0:
                beside[what] = rivals(found.events, found.items, at)
        if seed == 0:
            beside["quiet"] = rivals(calm.events, calm.items, at)
        print(name, seed, len(quiet[-1]), {w: c[-1].get("delay, users") for w, c in cases.items()})
    return {
        "events of a stream": len(stream.events),
        "users": len({event.user_id for event in stream.events}),
        "quiet streams": seeds,
        "false alarms in them": sum(map(len, quiet)),
        "alerts in the order of time, as it came": [str(alert) for alert in by_time.alerts()],
        "events a second of one core": round(events / seconds),
        "injected": {what: summary(runs) for what, runs in cases.items()},
        "river, first stream": beside,
    }


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Of some streams with the same change."""
    good = [run for run in runs if run["found"]]
    delays = [run["delay, events"] for run in good] or [0]
    users = [run["delay, users"] for run in good] or [0]
    return {
        "found": f"{len(good)} of {len(runs)}",
        "delay, events, median and worst": [statistics.median(delays), max(delays)],
        "delay, users, median and worst": [statistics.median(users), max(users)],
        "false alarms before": sum(run["false alarms before"] for run in runs),
        "first": runs[0],
    }


def synthetic(count: int, users: int = 12_000) -> dict[str, Any]:
    """Quiet streams drawn at random, each with its own tastes; false alarms of all."""
    alarms, total, streams = 0, 0, []
    for seed in range(count):
        draw = np.random.default_rng([seed, 11])
        kinds = draw.dirichlet([8, 3, 1, 0.3])
        popular = 1 / np.arange(1, 2001) ** draw.uniform(0.6, 1.1)
        genres = draw.integers(0, 12, 2000)
        words = [" ".join(f"w{n}" for n in draw.zipf(1.5, 4) % 5000) for _ in range(2000)]
        letters = [w.translate(str.maketrans("0123456789", "abcdefghij")) for w in words]
        items: dict[str, Any] = {
            str(n): {"title": letters[n], "category": f"g{genres[n]}"} for n in range(2000)
        }
        lengths = draw.geometric(draw.uniform(0.15, 0.6), users)
        size = int(lengths.sum())
        who = np.repeat(np.arange(users), lengths)
        taste = draw.choice(2000, size, p=popular / popular.sum())
        kind = draw.choice(["view", "click", "cart", "buy"], size, p=kinds)
        start = np.repeat(draw.random(users) * 86_400 * 30, lengths)
        when = START + np.sort(start)
        order = np.argsort(start + 60 * draw.random(size), kind="stable")
        rows = zip(
            who[order].tolist(),
            taste[order].tolist(),
            when.tolist(),
            kind[order].tolist(),
            strict=True,
        )
        events = [Event(f"u{a}", str(b), t, event=str(c)) for a, b, t, c in rows]
        drift, _ = watched(events, items)
        found = [str(alert) for alert in drift.alerts()]
        alarms, total = alarms + len(found), total + size
        streams += found
    return {
        "streams": count,
        "events": total,
        "false alarms": alarms,
        "promised, on average at most": round(DriftConfig().alpha * count, 2),
        "told": streams[:10],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="holds ml-1m-ctr, ml-latest-small, amazon-*")
    parser.add_argument("--seeds", type=int, default=3, help="quiet streams of each data set")
    parser.add_argument("--synthetic", type=int, default=60, help="quiet streams drawn at random")
    parser.add_argument("--only", help="one part of the result, such as MovieLens-1M")
    given = parser.parse_args()
    path = HERE / "result.json"
    if given.data is None:
        print(json.dumps(synthetic(given.synthetic), indent=1))
        return
    cosmetics = amazon(given.data, "amazon-beauty-2014", 100, 0)
    parts: dict[str, Callable[[], Any]] = {
        "config": lambda: dict(DriftConfig().__dict__),
        "MovieLens-1M": lambda: real("ml", movielens_1m(given.data), cosmetics, given.seeds),
        "Video Games": lambda: real(
            "games",
            amazon(given.data, "amazon-video-games-2018", 60_000, 0),
            cosmetics,
            given.seeds,
        ),
        "quiet streams drawn at random": lambda: synthetic(given.synthetic),
    }
    for name, part in parts.items():
        if given.only in (None, name):
            told = part()
            known = json.loads(path.read_text("utf-8")) if path.exists() else {}
            text = json.dumps({**known, name: told}, indent=1, ensure_ascii=False)
            path.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
