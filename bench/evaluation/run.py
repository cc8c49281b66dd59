"""Rank and score all users of Beauty from the same scores: penchant beside RecTools and ranx.

    python bench/evaluation/run.py [--peers FOLDER] [--events EVENTS] [--repeat 3]

Every contender gets the same blocks of scores (see blocks.py) and answers HR@10 and NDCG@10. Making
the scores is not counted. Passes of penchant and of the peers take turns; the median counts.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from blocks import blocks, problem

import penchant
from penchant.core import top_k
from penchant.metrics import hit_rate, hits, ndcg

HERE = Path(__file__).parent
DATA = Path(os.environ.get("PENCHANT_DATA", HERE.parents[1].parent / "shared" / "data"))
K = 10


def penchant_pass(data: dict[str, np.ndarray]) -> dict:
    lists, ranking = [], 0.0
    for _, scores in blocks(data):
        start = time.perf_counter()
        lists.append(top_k(scores, K)[0])
        ranking += time.perf_counter() - start
    start = time.perf_counter()
    answer = data["answer"]
    found = hits(np.concatenate(lists), np.arange(len(answer) + 1), answer)
    relevant = np.ones(len(answer), np.int64)
    values = {
        "HR@10": float(hit_rate(found, relevant).mean()),
        "NDCG@10": float(ndcg(found, relevant).mean()),
    }
    scoring = time.perf_counter() - start
    return {
        "rank_s": ranking,
        "score_s": scoring,
        "values": values,
        "version": penchant.__version__,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--peers", type=Path, default=HERE / ".venv-bench", help="the environment of peers.sh"
    )
    parser.add_argument("--events", type=Path, default=DATA / "amazon-beauty-2014/events.csv.gz")
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    if not args.events.exists():
        parser.exit(
            message=f"no data at {args.events}: nothing measured. Name a file by --events.\n"
        )
    if not (args.peers / "bin/python").exists():
        subprocess.run(["sh", str(HERE / "peers.sh"), str(args.peers)], check=True)
    data = problem(args.events)
    passes: dict[str, list[dict]] = {"penchant": [], "RecTools": [], "ranx": []}
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder, "problem.npz"), **data)
        command = [
            str(args.peers / "bin/python"),
            str(HERE / "peers.py"),
            str(Path(folder, "problem.npz")),
        ]
        for _ in range(args.repeat):
            passes["penchant"].append(penchant_pass(data))
            for name, one in json.loads(subprocess.check_output(command)).items():
                passes[name].append(one)
    result = summary(passes, data)
    (HERE / "result.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


def summary(passes: dict[str, list[dict]], data: dict[str, np.ndarray]) -> dict:
    def median(name: str, *parts: str) -> float:
        return statistics.median(sum(one[part] for part in parts) for one in passes[name])

    out: dict = {
        "users": len(data["answer"]),
        "items": len(data["popularity"]),
        "passes": len(passes["penchant"]),
        "unit": "seconds, median over the passes",
    }
    ours = passes["penchant"][0]["values"]
    for name, done in passes.items():
        both = ("rank_s", "score_s")
        row = {"version": done[0]["version"], "values": done[0]["values"]}
        row |= {
            "rank": round(median(name, "rank_s"), 4),
            "score": round(median(name, "score_s"), 4),
        }
        row["total"] = round(median(name, *both), 4)
        if name != "penchant":
            row["times_penchant"] = {
                "rank and score": round(median(name, *both) / median("penchant", *both), 1),
                "score only": round(median(name, "score_s") / median("penchant", "score_s"), 1),
            }
            row["largest_difference"] = max(abs(ours[m] - done[0]["values"][m]) for m in ours)
        out[name] = row
    return out


main()
