"""How good the rankings are: every model, three seeds, one split, paired intervals.

    python bench/quality/run.py ml-100k
    python bench/quality/run.py amazon-beauty-2014 --data ../shared/data/amazon-beauty-2014
    python bench/quality/run.py amazon-beauty-2014 --data ... --split cold-items:0.1

Settings stand in settings.toml beside this file, each chosen on a validation part of the training
events (see docs/log.md); whatever is not there is the model's default. What is measured is written
after every fit, and a later run of other models joins it: NAME.SPLIT.json here, and each user's
values under values/, which git ignores.
"""

from __future__ import annotations

import argparse
import json
import time
import tomllib
from pathlib import Path

import numpy as np

import penchant
from penchant.data import read_demo
from penchant.metrics import interval, paired

HERE = Path(__file__).parent
TRAINED = {"sasrec", "text-sequence", "als", "bpr", "random"}
"""Models whose result depends on the seed; the others are fitted once."""


def main() -> None:
    args = arguments()
    data = read(args)
    train, test = data.split(args.split)
    settings = tomllib.loads((HERE / "settings.toml").read_text()).get(args.name, {})
    stem = f"{args.name}.{args.split.replace(':', '-')}"
    out, kept = HERE / f"{stem}.json", HERE / "values" / f"{stem}.npz"
    kept.parent.mkdir(exist_ok=True)
    found = earlier(out, data.digest)
    values = dict(np.load(kept)) if found and kept.exists() else {}
    result = {
        "command": command(args),
        "data": {
            "name": args.name,
            "digest": data.digest,
            "events": len(data.interactions),
            "users": len(data.interactions.users),
            "items": len(data.catalogue),
        },
        "split": args.split,
        "requests": len(test),
        "models": found,
    }
    for name in args.models.split(","):
        runs = []
        for seed in range(args.seeds if name in TRAINED else 1):
            started = time.perf_counter()
            fitted = penchant.by_name(name, **settings.get(name, {})).fit(train, seed=seed)
            seconds = time.perf_counter() - started
            scored = penchant.evaluate(fitted, test)
            runs.append((scored, seconds))
            print(f"{name} seed {seed}: {scored.metrics['NDCG@10']} ({seconds:.0f} s)", flush=True)
        result["models"][name] = summary(runs, settings.get(name, {}))
        values[name] = np.mean([run.values["NDCG@10"] for run, _ in runs], axis=0)
        result["gaps"] = gaps(values, args.against)
        out.write_text(json.dumps(result, indent=1) + "\n")
        np.savez_compressed(kept, **values)
    print(table(result))


def earlier(out: Path, digest: str) -> dict:
    """What an earlier run on the same data measured."""
    if not out.exists():
        return {}
    result = json.loads(out.read_text())
    return result["models"] if result["data"]["digest"] == digest else {}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", default="ml-100k", help="ml-100k, or a name for --data")
    parser.add_argument("--data", type=Path, help="folder with events.csv.gz and items.jsonl.gz")
    parser.add_argument("--split", default="leave-last-out")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--against", default="text-sequence", help="whose gap to the others")
    parser.add_argument(
        "--models",
        default="random,popularity,item-knn,ease,als,bpr,text-mean,star,sasrec,text-sequence",
    )
    return parser.parse_args()


def command(args: argparse.Namespace) -> str:
    folder = f" --data {args.data}" if args.data else ""
    return f"python bench/quality/run.py {args.name}{folder} --split {args.split}"


def read(args: argparse.Namespace) -> penchant.Dataset:
    if args.data is None:
        return read_demo()
    return penchant.read(args.data / "events.csv.gz", args.data / "items.jsonl.gz")


def summary(runs: list, settings: dict) -> dict:
    """Mean over users and seeds, with the interval over users of the seeds' mean."""
    found = {"settings": settings, "fit_seconds": [round(seconds, 1) for _, seconds in runs]}
    for metric in ("HR@10", "NDCG@10"):
        per_user = np.mean([run.values[metric] for run, _ in runs], axis=0)
        found[metric] = {
            "mean": float(per_user.mean()),
            "ci95": list(interval(per_user, seed=0)),
            "seeds": [run.metrics[metric].mean for run, _ in runs],
        }
    found["coverage@10"] = float(np.mean([run.exposure["coverage@10"] for run, _ in runs]))
    return found


def gaps(values: dict[str, np.ndarray], against: str) -> dict:
    """NDCG@10 of one model minus each other's, user by user, the seeds' mean."""
    if against not in values:
        return {}
    found = {}
    for name in values:
        if name != against:
            gap = paired(values[against], values[name], seed=0)
            found[f"{against} - {name}"] = {"gap": gap.gap, "ci95": [gap.low, gap.high]}
    return found


def table(result: dict) -> str:
    rows = [f"{'model':<16}{'HR@10':>8}{'NDCG@10':>9}  95 % interval     fit s"]
    for name, model in result["models"].items():
        low, high = model["NDCG@10"]["ci95"]
        rows.append(
            f"{name:<16}{model['HR@10']['mean']:8.4f}{model['NDCG@10']['mean']:9.4f}"
            f"  [{low:.4f}, {high:.4f}]{np.mean(model['fit_seconds']):8.0f}"
        )
    for pair, gap in result["gaps"].items():
        rows.append(f"{pair}: {gap['gap']:+.4f} [{gap['ci95'][0]:+.4f}, {gap['ci95'][1]:+.4f}]")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
