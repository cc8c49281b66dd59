"""The same questions and the same scores for every contender, made block by block from a seed.

Scores are a popularity term plus noise, with a lift for the answer, so that about one user in six
has a hit, and each user's history forbidden. They are sums of single precision numbers, without a
matrix product, so that every version of NumPy makes the same bits.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

LIFT = np.float32(2.5)
ROWS = 512  # users in a block: 512 x 12,101 float32 are 25 MB


def problem(events: Path) -> dict[str, np.ndarray]:
    """Leave-last-out of a file of events: popularity, histories and one answer a user."""
    users = defaultdict(list)
    codes: dict[str, int] = {}
    with gzip.open(events, "rt", newline="") as lines:
        for row in csv.DictReader(lines):
            item = codes.setdefault(row["item_id"], len(codes))
            users[row["user_id"]].append((float(row["position"]), item))
    sequences = [[item for _, item in sorted(seen)] for seen in users.values()]
    history = [np.array(s[:-1]) for s in sequences]
    counts = np.bincount(np.concatenate(history), minlength=len(codes))
    return {
        "popularity": np.log1p(counts).astype(np.float32),
        "indptr": np.concatenate([[0], np.cumsum([len(h) for h in history])]),
        "history": np.concatenate(history),
        "answer": np.array([s[-1] for s in sequences]),
    }


def blocks(data: dict[str, np.ndarray]) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield (rows, scores): a slice of users and their scores (users, items) float32."""
    for number, start in enumerate(range(0, len(data["answer"]), ROWS)):
        rows = slice(start, min(start + ROWS, len(data["answer"])))
        noise = np.random.default_rng([0, number]).standard_normal(
            (rows.stop - rows.start, len(data["popularity"])), dtype=np.float32
        )
        scores = noise + data["popularity"]
        scores[np.arange(len(scores)), data["answer"][rows]] += LIFT
        low, high = data["indptr"][rows.start], data["indptr"][rows.stop]
        lengths = np.diff(data["indptr"][rows.start : rows.stop + 1])
        scores[np.repeat(np.arange(len(lengths)), lengths), data["history"][low:high]] = -np.inf
        yield rows, scores
