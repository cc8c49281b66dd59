"""What a bundle of a million items costs to open, ask and change, in this process.

    python bench/serving/million_asked.py --run runs/million --out bench/serving/million.json

Milliseconds are of the processor (all threads) and of the clock, the median of some rounds; "first" is
of the first time, where something is made that is kept. Recall is of the engine's ten best for histories
of 50, against those of the scores of all items.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from penchant.engine import Ask, Engine, Past


def timed(call: Callable[[], Any], rounds: int) -> dict[str, float]:
    """Of the first round, and the median of the others."""
    clock, own = [], []
    for _ in range(rounds + 1):
        start, used = time.perf_counter(), time.process_time()
        call()
        clock.append(1e3 * (time.perf_counter() - start))
        own.append(1e3 * (time.process_time() - used))
    found = {"cpu_ms": statistics.median(own[1:]), "clock_ms": statistics.median(clock[1:])}
    return {**found, "first_cpu_ms": own[0]}


def memory() -> dict[str, float]:
    """Megabytes: all that is resident, what no file stands behind, and the most so far."""
    status = Path("/proc/self/status")
    if not status.exists():
        return {}
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    names = {"resident": "VmRSS", "own": "RssAnon", "most": "VmHWM"}
    return {name: int(lines[key].split()[0]) / 1024 for name, key in names.items()}


class Asker:
    """Questions with a history of their own each."""

    def __init__(self, engine: Engine, history: int) -> None:
        self.engine, self._history = engine, history
        self._draw = np.random.default_rng(7)

    def ask(self, **more: Any) -> Ask:
        """By items drawn at random."""
        codes = self._draw.integers(0, len(self.engine.catalogue), self._history).tolist()
        names = self.engine.catalogue.items.names(codes)
        return Ask(past=tuple(Past(name, 1.7e9 + at) for at, name in enumerate(names)), **more)

    def answer(self, **more: Any) -> None:
        """Ask once."""
        self.engine.answer([self.ask(**more)])

    def recall(self, questions: int) -> float:
        """Share of the ten best of all scores that lists hold."""
        hits, items = 0, self.engine.catalogue.items
        for _ in range(questions):
            ask = self.ask()
            request = self.engine._retrieval.asking.question(ask)
            scores = self.engine.recommender.model.score(
                self.engine._retrieval.asking.requests([request])
            )[0]
            scores[request.events.item] = -np.inf
            best = np.argpartition(-scores, 10)[:10]
            found = [items.code(one.item) for one in self.engine.answer([ask])[0].items]
            hits += len(np.intersect1d(best, found))
        return hits / (10 * questions)

    def put(self, number: int) -> None:
        """Another price for an item."""
        row = {"item_id": "item-3", "title": "Title 3 of group 0", "category": "category-0"}
        self.engine = self.engine.with_items([{**row, "price": float(number)}])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--history", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    start, used = time.perf_counter(), time.process_time()
    asker = Asker(Engine.load(args.run), args.history)
    result: dict[str, Any] = {
        "items": len(asker.engine.catalogue),
        "model": asker.engine.recommender.name,
        "open": {"clock_s": time.perf_counter() - start, "cpu_s": time.process_time() - used},
        "memory_mb": memory(),
        "index": asker.engine.status()["index"],
    }
    numbers = iter(range(10**6))
    for name, call in {
        "recommend": asker.answer,
        "filter: one category of 50": lambda: asker.answer(filter={"category": "category-7"}),
        "filter: half by price": lambda: asker.answer(filter={"price": {"max": 20}}),
        "filter: 1 in 600 by price": lambda: asker.answer(filter={"price": {"max": 1}}),
        "diversity": lambda: asker.answer(diversity=0.3),
        "similar": lambda: asker.engine.answer([Ask(similar_to="item-77")]),
        "recommend with reasons": lambda: asker.answer(explain=True),
        "explain one item": lambda: asker.engine.explain(asker.ask(), "item-5"),
        "put one item": lambda: asker.put(next(numbers)),
        "recommend after puts": asker.answer,
    }.items():
        result[name] = timed(call, args.rounds)
        print(
            f"{name:28}" + "  ".join(f"{k} {v:8.2f}" for k, v in result[name].items()), flush=True
        )
    result["recall@10"] = asker.recall(100)
    result["memory_after_mb"] = memory()
    print(json.dumps({k: result[k] for k in ("open", "memory_mb", "recall@10", "memory_after_mb")}))
    if args.out:
        args.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
