"""Does an independent referee see what `penchant evaluate` says? The largest difference, by data set.

    python bench/referee/run.py --referee ../shared/referee/referee.py --data ../shared/data

For each data set and protocol the referee cuts the split; `penchant fit` learns from its training
file; `penchant predict` answers its requests; the referee's own per-request HR@10 and NDCG@10 are
then set beside those of `penchant evaluate` on the whole events. Writes result.json.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import numpy as np

HERE = Path(__file__).parent
SHARED = HERE.parents[2] / "shared"
SETS = ("amazon-beauty-2014", "amazon-video-games-2018", "ml-latest-small")
PROTOCOLS = ("leave-last-out", "cold-items:0.1")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--referee", type=Path, default=SHARED / "referee/referee.py")
    parser.add_argument("--data", type=Path, default=SHARED / "data")
    parser.add_argument("--model", default="item-knn")
    parser.add_argument("--set", action="append", default=[], help="a setting, as penchant fit")
    parser.add_argument("--sets", nargs="+", default=SETS, help="folders under --data")
    args = parser.parse_args()
    if not args.referee.exists() or not args.data.is_dir():
        parser.exit(message="no referee or no data: nothing checked. See --help.\n")
    referee = loaded(args.referee)
    found = []
    for name in args.sets:
        for protocol in PROTOCOLS:
            with tempfile.TemporaryDirectory() as folder:
                found.append(checked(referee, args, name, protocol, Path(folder)))
            print(json.dumps(found[-1]), flush=True)
    (HERE / "result.json").write_text(json.dumps(found, indent=1) + "\n")
    worst = max(row["difference"] for row in found)
    print(f"largest difference {worst:.1e}")
    sys.exit(int(worst >= 1e-9))


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("referee", path)
    if spec is None or spec.loader is None:
        sys.exit(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def checked(
    referee: ModuleType, args: argparse.Namespace, name: str, protocol: str, folder: Path
) -> dict:
    events, items = files(args.data / name, folder)
    cut, run, ranked = folder / "cut", folder / "run", folder / "ranked.jsonl"
    call(
        args.referee,
        "split",
        "--events",
        events,
        "--items",
        items,
        "--protocol",
        protocol,
        "--out",
        cut,
    )
    learnt = ("--events", cut / "train.csv.gz", "--items", cut / "items.jsonl.gz")
    settings = (word for pair in args.set for word in ("--set", pair))
    penchant("fit", *learnt, "--model", args.model, *settings, "--out", run)
    allowed = cut / "candidates.json"
    only = ("--candidates", allowed) if allowed.exists() else ()
    penchant(
        "predict",
        "--run",
        run,
        "--requests",
        cut / "requests.jsonl.gz",
        *only,
        "-k",
        "10",
        "--out",
        ranked,
    )
    whole = ("--events", events, "--items", items)
    told = json.loads(penchant("evaluate", "--run", run, *whole, "--split", protocol, "--json"))
    with referee.opened(cut / "truth.json.gz") as file:
        truth = json.load(file)
    with referee.opened(cut / "requests.jsonl.gz") as file:
        history = {r["request_id"]: set(r["history"]) for r in map(json.loads, file)}
    candidates = set(json.loads(allowed.read_text())) if allowed.exists() else None
    scores, _, missing = referee.per_request(ranked, truth, history, candidates, 10)
    hr, ndcg = np.mean(list(scores.values()), axis=0)
    ours = {metric: told["metrics"][metric]["mean"] for metric in ("HR@10", "NDCG@10")}
    return {
        "data": name,
        "protocol": protocol,
        "model": args.model,
        "requests": len(truth),
        "unanswered": missing,
        "referee": {"HR@10": hr, "NDCG@10": ndcg},
        "penchant": ours,
        "difference": max(abs(hr - ours["HR@10"]), abs(ndcg - ours["NDCG@10"])),
    }


def files(source: Path, folder: Path) -> tuple[Path, Path]:
    """Events and items as the referee reads them; MovieLens is rewritten from its own format."""
    if (source / "events.csv.gz").exists():
        return source / "events.csv.gz", source / "items.jsonl.gz"
    events, items = folder / "events.csv", folder / "items.jsonl"
    with (source / "ratings.csv").open() as rows, events.open("w") as out:
        out.write("user_id,item_id,value,timestamp\n")
        out.writelines(
            f"{r['userId']},{r['movieId']},{r['rating']},{r['timestamp']}\n"
            for r in csv.DictReader(rows)
        )
    with (source / "movies.csv").open() as rows, items.open("w") as out:
        out.writelines(
            json.dumps({"item_id": r["movieId"], "title": r["title"], "genres": r["genres"]}) + "\n"
            for r in csv.DictReader(rows)
        )
    return events, items


def penchant(*words: object) -> str:
    return call("-m", "penchant", *words)


def call(*words: object) -> str:
    return subprocess.run(
        [sys.executable, *map(str, words)], check=True, capture_output=True, text=True
    ).stdout


if __name__ == "__main__":
    main()
