"""Which edges of a graph serve which vectors: by inner product, or by cosine.

    python bench/retrieval/edges.py

Recall of the true best ten by breadth of the walks, on 20,000 items in groups, 64 dimensions, whose
lengths differ more or less, with and without a column that lifts some above all others (a bias).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from penchant.core import quiet
from penchant.retrieve import IndexConfig
from penchant.retrieve.graph import linked
from penchant.retrieve.recall import recall_of, true_bar

ITEMS, DIM, QUESTIONS = 20_000, 64, 200
BREADTHS = (32, 64, 128, 256, 512)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def catalogues() -> dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]:
    draw = np.random.default_rng(0)
    centres = draw.standard_normal((300, DIM), dtype=np.float32)
    vectors = centres[draw.integers(0, 300, ITEMS)]
    vectors = vectors + 0.7 * draw.standard_normal((ITEMS, DIM), dtype=np.float32)
    one, other = draw.integers(0, ITEMS, (2, QUESTIONS))
    asked = unit(vectors[one] + vectors[other])
    lengths = draw.lognormal(0, 0.5, (ITEMS, 1)).astype(np.float32)
    bias = draw.exponential(1, (ITEMS, 1)).astype(np.float32)
    lifted = np.hstack([asked, np.ones((QUESTIONS, 1), np.float32)])
    return {
        "as drawn": (vectors, asked),
        "all of one length": (unit(vectors), asked),
        "lengths lognormal, sigma .5": (vectors * lengths, asked),
        "one length, and a bias of mean .1": (np.hstack([unit(vectors), 0.1 * bias]), lifted),
        "one length, and a bias of mean .3": (np.hstack([unit(vectors), 0.3 * bias]), lifted),
    }


def main() -> None:
    found: dict[str, dict[str, dict[int, float]]] = {}
    for name, (vectors, asked) in catalogues().items():
        bar = true_bar(vectors, asked)
        for edges in ("inner-product", "cosine"):
            with quiet():
                graph = linked(vectors, IndexConfig(), edges, seed=0)
            recalls = {each: round(recall_of(graph, asked, bar, each), 4) for each in BREADTHS}
            found.setdefault(name, {})[edges] = recalls
            print(f"{name:36} {edges:14}", *(f"{each}: {r:.3f}" for each, r in recalls.items()))
    out = {"command": "python bench/retrieval/edges.py", "items": ITEMS, "recall_by_breadth": found}
    Path(__file__).with_name("edges.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
