"""A bundle over a million synthetic items that ``penchant serve --run`` opens, its index inside.

    python bench/serving/million.py --out runs/million                    # once: some minutes, 2 GB of disk
    penchant serve --run runs/million --data service                      # does not build the index again

``million_asked.py`` measures what it costs to open, ask and change it; ``million.json`` is the result.
The bundle lies in the folder that ``--out`` names; load tests are given that folder. Items are named
``item-0`` to ``item-999999`` and lie in groups, as catalogues do; each has a title, a ``category`` (one
of 50) and a ``price``; users ``user-0`` and up have 40 training events each. The model is a SASRec of the
default size whose item vectors are drawn and whose transformer is not trained: as much work a request as
a trained one. Recall of the index is measured on the vectors of its users, and printed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from penchant.core import Catalogue, IdMap, Interactions, Sequences
from penchant.engine import Engine, Recommender
from penchant.models import SASRec, SASRecConfig
from penchant.models.item_table import IdTable
from penchant.models.next_item import next_item
from penchant.retrieve import IndexConfig

OWN, LIKED = 20, 20
"""Events of a user: each item is among the first of somebody, and some items are liked by many."""

GROUP = 100
"""Items of a group."""


def catalogue(items: int) -> Catalogue:
    """Names, titles and two fields."""
    ids, rng = IdMap(f"item-{n}" for n in range(items)), np.random.default_rng(0)
    titles = tuple(f"Title {n} of group {n // GROUP}" for n in range(items))
    category = [f"category-{n}" for n in (np.arange(items) // GROUP % 50).tolist()]
    price = np.round(rng.lognormal(3, 1, items), 2)
    table = pl.DataFrame(
        {"item_id": ids.ids, "title": titles, "category": category, "price": price}
    )
    return Catalogue(ids, titles, titles, table, "{title}")


def interactions(items: IdMap) -> Interactions:
    """Users who met neighbouring items, and some of those that everybody likes."""
    rng, users = np.random.default_rng(1), -(-len(items) // OWN)
    own = np.arange(users * OWN) % len(items)  # (users * OWN,): every item has an event
    rank = (len(items) ** rng.random(users * LIKED)).astype(np.int64) - 1  # Zipf
    liked = rng.permutation(len(items))[rank]
    met = np.hstack([liked.reshape(users, LIKED), own.reshape(users, OWN)]).ravel()
    times = 1.6e9 + 3600.0 * np.arange(len(met))
    events = Sequences.of_items(np.full(users, OWN + LIKED), met, times)
    return Interactions(IdMap(f"user-{n}" for n in range(users)), items, events, timed=True)


def vectors(items: int, dim: int) -> NDArray[np.float32]:
    """Of items (items, dim): about its group, lengths a tenth apart."""
    rng = np.random.default_rng(2)
    centres = rng.standard_normal((-(-items // GROUP), dim), dtype=np.float32)
    drawn = centres[np.arange(items) // GROUP]
    drawn += 0.7 * rng.standard_normal((items, dim), dtype=np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    drawn *= np.exp(0.1 * rng.standard_normal((items, 1), dtype=np.float32))
    return drawn


def recommender(items: int, dim: int) -> Recommender:
    """A transformer over the drawn vectors."""
    torch.manual_seed(0)
    known = catalogue(items)
    met = interactions(known.items)
    config = SASRecConfig(dim=dim)
    network = next_item(IdTable(items, dim), config, dim**0.5)
    with torch.no_grad():
        network.table.ids.weight.copy_(torch.from_numpy(vectors(items, dim)))  # type: ignore[union-attr]
    return Recommender(SASRec(config, network, np.maximum(met.counts(), 1)), known, met)


@contextmanager
def told(what: str) -> Iterator[None]:
    """Prints how long something took."""
    start, own = time.perf_counter(), time.process_time()
    yield
    now, used = time.perf_counter() - start, time.process_time() - own
    print(f"{what:12}{now:8.1f} s, {used:8.1f} s of the processor", flush=True)


def build(items: int, dim: int, threads: int, out: Path) -> Engine:
    """Make the bundle."""
    with told("items"):
        made = recommender(items, dim)
    settings = IndexConfig(
        kind="hnsw", links=16, ef_construction=64, build_threads=threads, most_ef=2048
    )
    with told("index"):
        engine = Engine.of(made, index=settings)
    with told("saved"):
        engine.save(out)
    print(engine.status()["index"])
    return engine


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the folder of the bundle")
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2, help="that build the index")
    args = parser.parse_args()
    build(args.items, args.dim, args.threads, args.out)


if __name__ == "__main__":
    main()
