"""CPU of a request: the engine beside the bare calls of the model and the index that it makes.

    python bench/serving/engine.py                            a network of random weights, synthetic items
    python bench/serving/engine.py --run RUN                  a saved model
    python bench/serving/engine.py --out bench/serving/engine.json

Each request asks with a history of its own, so no user vector is cached; "cached" asks the same again.
Seconds are of the process, all threads, the median of several rounds; run it on one thread
(OMP_NUM_THREADS=1) for figures that compare. "bare" is the model's call and the index's in turn: they
put each other's numbers out of the processor's caches, so it is more than the sum of both alone.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.core import Catalogue, IdMap, Interactions, Sequences
from penchant.engine import Ask, Engine, Past, Recommender
from penchant.models import SASRec, SASRecConfig
from penchant.models.item_table import IdTable
from penchant.models.next_item import next_item

ROUNDS, REQUESTS, BATCHES = 5, 192, (1, 8, 32)


def synthetic(items: int, dim: int) -> Recommender:
    """A transformer of the default size over items that a few thousand users met."""
    rng = np.random.default_rng(0)
    ids = IdMap(f"item-{n}" for n in range(items))
    titles = tuple(f"Title {n}" for n in range(items))
    table = pl.DataFrame({"item_id": ids.ids, "title": titles})
    lengths = rng.integers(5, 60, 3000)
    met = np.concatenate([np.arange(items), rng.integers(0, items, lengths.sum())])[: lengths.sum()]
    events = Sequences.of_items(lengths, rng.permutation(met))
    users = IdMap(f"user-{n}" for n in range(len(lengths)))
    config = SASRecConfig(dim=dim)
    network = next_item(IdTable(items, dim), config, dim**0.5)
    interactions = Interactions(users, ids, events)
    model = SASRec(config, network, np.maximum(interactions.counts(), 1).astype(np.float32))
    return Recommender(model, Catalogue(ids, titles, titles, table, "{title}"), interactions)


def asks_of(recommender: Recommender, history: int, count: int, seed: int) -> list[Ask]:
    rng, names = np.random.default_rng(seed), recommender.catalogue.items.ids
    return [
        Ask(
            user_id=f"somebody-{row}",
            past=tuple(Past(names[code], 1.6e9 + place) for place, code in enumerate(codes)),
        )
        for row, codes in enumerate(rng.integers(0, len(names), (count, history)).tolist())
    ]


def milliseconds(call: Callable[[Any], object], batches: Sequence[Any]) -> float:
    """CPU of one request."""
    start = time.process_time()
    for batch in batches:
        call(batch)
    return 1e3 * (time.process_time() - start) / REQUESTS


def measured(engine: Engine, history: int, batch: int) -> dict[str, float]:
    """Milliseconds a request: the model, the index, both in turn, the engine, the engine again."""
    names = ("model", "index", "bare", "engine", "cached")
    found: dict[str, list[float]] = {name: [] for name in names}
    retrieval = engine._retrieval  # the bare calls get what the engine gives them
    model = retrieval.recommender.model
    for number in range(ROUNDS):
        asks = asks_of(retrieval.recommender, history, REQUESTS, 1000 * batch + number)
        parts = [asks[start : start + batch] for start in range(0, REQUESTS, batch)]
        requests = [retrieval.asking.requests([*map(retrieval.asking.question, p)]) for p in parts]
        vectors = [model.user_vectors(part) for part in requests]

        def search(part: NDArray[np.float32]) -> object:
            return retrieval.placed.index.search(part, 10)

        for name, call, given in (
            ("model", model.user_vectors, requests),
            ("index", search, vectors),
            ("bare", lambda part: search(model.user_vectors(part)), requests),
            ("engine", engine.answer, parts),
            ("cached", engine.answer, parts),
        ):
            found[name].append(milliseconds(call, given))
    return {name: statistics.median(times) for name, times in found.items()}


def paced(engine: Engine, history: int, rate: float) -> float:
    """Milliseconds of the bare calls for one request, as often as requests come to a service.

    Between two calls the processor's caches are lost to others, as they are in a service; the calls
    one after the other, above, find all that they need in there.
    """
    retrieval = engine._retrieval
    model, pauses = retrieval.recommender.model, np.random.default_rng(0)
    found = []
    for ask in asks_of(retrieval.recommender, history, 3 * REQUESTS, 0):
        request = retrieval.asking.requests([retrieval.asking.question(ask)])
        time.sleep(pauses.exponential(1 / rate))
        start = time.process_time()
        retrieval.placed.index.search(model.user_vectors(request), 10)
        found.append(time.process_time() - start)
    return 1e3 * statistics.fmean(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, help="a saved model that has vectors")
    parser.add_argument("--items", type=int, default=16_859)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--history", type=int, default=50)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    engine = Engine.load(args.run) if args.run else Engine.of(synthetic(args.items, args.dim))
    result = {
        "machine": platform.processor() or platform.machine(),
        "model": engine.recommender.name,
        "items": len(engine.catalogue),
        "history": args.history,
        "milliseconds": {},
    }
    print(
        f"{result['model']}, {result['items']:,} items, history of {args.history}: CPU, ms a request"
    )
    print("batch   model   index    bare  engine   ratio  cached")
    for batch in BATCHES:
        ms = measured(engine, args.history, batch)
        ms["ratio"] = ms["engine"] / ms["bare"]
        result["milliseconds"][batch] = ms
        columns = [ms[name] for name in ("model", "index", "bare", "engine", "ratio", "cached")]
        print(f"{batch:5d}" + "".join(f"{value:8.3f}" for value in columns))
    if args.out:
        args.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
