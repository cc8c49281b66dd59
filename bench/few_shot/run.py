"""Few labelled examples of liked films: 10 draws of 16, 64 and 256 from TALLRec's validation file.

    python bench/few_shot/run.py --data DIR

DIR holds tallrec-movie and ml-latest-small. With --design, the test file is not opened: examples
are drawn from half of the people of the validation file and judged on the other half; everything
in the library was chosen so. Seconds are of the whole call; CPU seconds do not depend on what else
the machine does. Written to tallrec-movie.json here (or design.json).
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

import penchant
from penchant.metrics import auc
from penchant.models.few_shot import few_shot, read_examples
from penchant.models.few_shot.example import Batch
from penchant.models.few_shot.people import people_of

HERE = Path(__file__).parent
COLUMNS = {"userId": "user_id", "movieId": "item_id", "rating": "value"}
PUBLISHED = {16: 0.672, 64: 0.675, 256: 0.720}
"""LLaMA-7B (TALLRec, Bao et al. 2023)."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--design", action="store_true")
    parser.add_argument("--ways", default="frozen,zero-shot")
    given = parser.parse_args()
    valid = read_examples(given.data / "tallrec-movie" / "movie_valid.json")
    test = () if given.design else read_examples(given.data / "tallrec-movie" / "movie_test.json")
    small = given.data / "ml-latest-small"
    other = penchant.read(small / "ratings.csv", small / "movies.csv", columns=COLUMNS)
    people = people_of(valid)
    rows = []
    for transfer in (None, other):
        for shots in PUBLISHED:
            for draw in range(given.draws):
                rng = np.random.default_rng(draw)
                pool, asked = np.arange(len(valid)), test
                if given.design:
                    order = rng.permutation(people.max() + 1)
                    half = np.isin(people, order[: len(order) // 2])
                    half = half if half.sum() >= shots else ~half
                    pool, asked = np.flatnonzero(half), [valid[at] for at in np.flatnonzero(~half)]
                chosen = [valid[at] for at in rng.choice(pool, shots, replace=False)]
                labels = np.array([one.label for one in asked])
                began, used = time.perf_counter(), time.process_time()
                with penchant.quiet():
                    model = few_shot(chosen, transfer, given.ways.split(","))
                seconds, cpu = time.perf_counter() - began, time.process_time() - used
                rows.append(
                    {
                        "transfer": transfer is not None,
                        "shots": shots,
                        "draw": draw,
                        "chosen": model.chosen,
                        "AUC": auc(labels, model.predict(asked)),
                        "share": auc(labels, Batch.of(asked).share),
                        "seconds": round(seconds, 1),
                        "cpu seconds": round(cpu, 1),
                        "cross-validated": {s.way: round(s.auc, 4) for s in model.scores},
                    }
                )
                print(json.dumps(rows[-1]), flush=True)
    table = [summary(rows, transfer, shots) for transfer in (False, True) for shots in PUBLISHED]
    for line in table:
        print(json.dumps(line))
    name = "design.json" if given.design else "tallrec-movie.json"
    (HERE / name).write_text(json.dumps({"table": table, "draws": rows}, indent=1) + "\n")


def summary(rows: list[dict], transfer: bool, shots: int) -> dict:
    own = [row for row in rows if (row["transfer"], row["shots"]) == (transfer, shots)]
    found = np.array([row["AUC"] for row in own])
    return {
        "transfer": transfer,
        "shots": shots,
        "AUC": round(float(found.mean()), 4),
        "deviation of draws": round(float(found.std(ddof=1)), 4) if len(own) > 1 else None,
        "share": round(float(np.mean([row["share"] for row in own])), 4),
        "LLaMA-7B": PUBLISHED[shots],
        "longest seconds": max(row["seconds"] for row in own),
        "longest cpu seconds": max(row["cpu seconds"] for row in own),
        "chosen": {
            way: sum(row["chosen"] == way for row in own) for way in {r["chosen"] for r in own}
        },
    }


if __name__ == "__main__":
    main()
