"""An HNSW index beside an exact one and beside plain faiss, on synthetic items.

    python bench/retrieval/run.py                    # 1,000,000 items: build takes a while
    python bench/retrieval/run.py --items 50000

Items lie in groups, as catalogues do; half of the questions are items and half sums of two. Seconds
are given twice: on the clock, and of this thread's processor, which a busy machine does not stretch.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.retrieve import IndexConfig, build_index, load_index, save_index

HERE = Path(__file__).parent
K = 10


def catalogue(items: int, dim: int) -> NDArray[np.float32]:
    draw = np.random.default_rng(0)
    centres = draw.standard_normal((max(10, items // 100), dim), dtype=np.float32)
    vectors = 0.7 * draw.standard_normal((items, dim), dtype=np.float32)
    vectors += centres[draw.integers(0, len(centres), items)]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def asked(vectors: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    one, other = np.random.default_rng(1).integers(0, len(vectors), (2, count))
    return np.where(np.arange(count)[:, None] % 2, vectors[one] + vectors[other], vectors[one])


def timed(search: Callable[[NDArray[np.float32]], Any], questions: NDArray[np.float32]) -> Any:
    """What was found, one question at a time, and milliseconds a question."""
    found, clock, own = [], [], []
    search(questions[:1])
    for row in range(len(questions)):
        started, used = time.perf_counter(), time.thread_time()
        found.append(search(questions[row : row + 1]))
        own.append(time.thread_time() - used)
        clock.append(time.perf_counter() - started)
    figures = {
        "ms_p50": 1e3 * float(np.quantile(clock, 0.5)),
        "ms_p99": 1e3 * float(np.quantile(clock, 0.99)),
        "cpu_ms_mean": 1e3 * float(np.mean(own)),
        "cpu_ms_p99": 1e3 * float(np.quantile(own, 0.99)),
    }
    return np.vstack([scores for _, scores in found]), figures


def recall(scores: NDArray[np.float32], best: NDArray[np.float32]) -> float:
    real = np.isfinite(best)
    bar = np.where(real, best, np.inf).min(axis=1, keepdims=True) - 1e-5
    return float((scores >= bar)[real].mean())


def searches(vectors: NDArray[np.float32], index: Any, questions: int) -> dict[str, Any]:
    """Recall and speed without a filter, with filters, and without what somebody has seen."""
    exact = build_index(vectors, IndexConfig(kind="exact"))
    some, draw = asked(vectors, questions), np.random.default_rng(2)
    seen = [draw.integers(0, len(vectors), 200)]
    ways: dict[str, dict[str, Any]] = {"all": {}, "200 seen": {"without": seen}}
    for share in (0.5, 0.1, 0.01, 0.0001):
        ways[f"{share:.2%} allowed"] = {"allowed": draw.random(len(vectors)) < share}
    table = {}
    for name, more in ways.items():
        best, slow = timed(lambda q, more=more: exact.search(q, K, **more), some)
        scores, fast = timed(lambda q, more=more: index.search(q, K, **more), some)
        filled = bool((np.isfinite(scores).sum(axis=1) == np.isfinite(best).sum(axis=1)).all())
        table[name] = {
            "recall": recall(scores, best),
            "filled": filled,
            "hnsw": fast,
            "exact": slow,
        }
    return table


def tutorial(vectors: NDArray[np.float32], questions: int, breadth: int) -> dict[str, Any]:
    """Plain faiss, as its tutorials use it, at the same breadth."""
    import faiss

    faiss.omp_set_num_threads(1)
    started = time.thread_time()
    index = faiss.IndexHNSWFlat(vectors.shape[1], 16, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction, index.hnsw.efSearch = 100, breadth
    index.add(vectors)
    built, some = time.thread_time() - started, asked(vectors, questions)
    scores, figures = timed(lambda q: index.search(q, K)[::-1], some)
    _, best = build_index(vectors, IndexConfig(kind="exact")).search(some, K)
    return {"build_cpu_s": built, "recall": recall(scores, best), **figures}


OPEN = """
import sys, time, json, numpy as np, faiss
from penchant.retrieve import load_index
def anonymous():  # memory that no file stands behind, so that processes cannot share it
    lines = open("/proc/self/smaps_rollup").read().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("Anonymous")))
before, started = anonymous(), time.perf_counter()
index = load_index(sys.argv[1])
loaded = time.perf_counter() - started
q = np.random.default_rng(3).standard_normal((100, int(sys.argv[2])), dtype=np.float32)
index.search(q, 10)
print(json.dumps({"load_s": loaded, "own_bytes": anonymous() - before}))
"""


def opened(folder: Path, dim: int) -> dict[str, float]:
    """A fresh process opens the index and asks: seconds, and bytes that it shares with nobody."""
    if not Path("/proc/self/smaps_rollup").exists():
        return {}
    out = subprocess.run(
        [sys.executable, "-c", OPEN, str(folder), str(dim)], capture_output=True, check=True
    )
    return json.loads(out.stdout)


def changes(index: Any, vectors: NDArray[np.float32]) -> dict[str, float]:
    """Milliseconds of adding and removing one item, and of a search after 1 % of them."""
    count = len(vectors) // 100
    started = time.thread_time()
    for row in range(count):
        index.add(vectors[row : row + 1])
    added = time.thread_time() - started
    started = time.thread_time()
    for row in range(0, count, 10):
        index.remove(np.array([row]))
    removed = time.thread_time() - started
    _, after = timed(lambda q: index.search(q, K), asked(vectors, 200))
    each = 1e3 / count
    return {"add_ms": added * each, "remove_ms": 10 * removed * each, "search_after": after}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--threads", type=int, default=1, help="that build")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    vectors = catalogue(args.items, args.dim)
    clock, own = time.perf_counter(), time.process_time()
    index = build_index(vectors, IndexConfig(kind="hnsw", build_threads=args.threads))
    found: dict[str, Any] = {
        "command": "python bench/retrieval/run.py " + " ".join(sys.argv[1:]),
        "items": args.items,
        "dim": args.dim,
        "build_s": time.perf_counter() - clock,
        "build_cpu_s": time.process_time() - own,
        **index.status(),
        "searches": searches(vectors, index, args.questions),
        "plain_faiss": tutorial(vectors, args.questions, index.recall.breadth),
    }
    folder = Path(tempfile.mkdtemp())
    try:
        started = time.perf_counter()
        save_index(index, folder / "index")
        found["save_s"] = time.perf_counter() - started
        found["file_bytes"] = sum(path.stat().st_size for path in (folder / "index").iterdir())
        found["opened"] = opened(folder / "index", args.dim)
        found["changes"] = changes(load_index(folder / "index"), vectors)
    finally:
        shutil.rmtree(folder)
    out = args.out or HERE / f"items-{args.items}.json"
    out.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
