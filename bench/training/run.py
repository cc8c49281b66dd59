"""Seconds an epoch of SASRec: penchant beside RecTools and RecBole, same data, same machine.

    python bench/training/run.py --events EVENTS --items ITEMS       # about ten minutes
    python bench/training/run.py --to-target                         # up to an hour more

penchant trains until its early stopping; each peer is timed on a part of an epoch. With --to-target
each peer is also trained until its validation NDCG@10 reaches a share of penchant's best, or until
the limit. Writes result.json. What is equal and what is not: README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from pathlib import Path

from contenders import CONTENDERS
from measure import Bench

HERE = Path(__file__).parent
DATA = Path(os.environ.get("PENCHANT_DATA", HERE.parents[1].parent / "shared" / "data"))
BEAUTY = DATA / "amazon-beauty-2014"


def main() -> None:
    args = arguments()
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(args.threads)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(args, Path(folder))
        result: dict = {"machine": machine(args.threads), "data": bench.data}
        result["penchant"] = ours = bench.penchant(args.epochs)
        chosen = [c for c in CONTENDERS if c.peer in args.peers.split(",")]
        result["peers"] = [bench.part_of_an_epoch(c) for c in chosen]
        result["penchant_again"] = bench.penchant(2)["seconds_an_epoch"]
        for row in result["peers"]:
            row["times_penchant"] = row["seconds_an_epoch"] / ours["seconds_an_epoch"]
        write(args.out, result)
        print(table(result))
        if args.to_target:
            result["to_target"] = bench.to_target(ours, chosen)
            write(args.out, result)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=Path, default=BEAUTY / "events.csv.gz")
    parser.add_argument("--items", type=Path, default=BEAUTY / "items.jsonl.gz")
    parser.add_argument("--peers", default="rectools,recbole", help="which to measure")
    parser.add_argument("--environments", type=Path, default=HERE / ".venv-bench")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="for every contender")
    parser.add_argument("--epochs", type=int, default=100, help="most epochs of penchant")
    parser.add_argument("--seconds", type=float, default=20, help="timed for each set of settings")
    parser.add_argument("--warmup", type=int, default=3, help="batches before the clock counts")
    parser.add_argument(
        "--least-batches", type=int, default=5, help="timed, however long they take"
    )
    parser.add_argument(
        "--to-target", action="store_true", help="train the peers to the target too"
    )
    parser.add_argument("--share", type=float, default=0.9, help="target: of penchant's best NDCG")
    parser.add_argument("--limit", type=float, default=1200, help="training seconds of each peer")
    parser.add_argument(
        "--check", type=float, default=60, help="training seconds between validations"
    )
    parser.add_argument("--out", type=Path, default=HERE / "result.json")
    args = parser.parse_args()
    for path in (args.events, args.items):
        if not path.exists():
            parser.error(f"{path} does not exist; name the data with --events and --items")
    return args


def machine(threads: int) -> dict:
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].partition(": ")[2] if names else cpu
    return {"cpu": cpu, "cores": os.cpu_count(), "threads": threads, "load": os.getloadavg()[0]}


def table(result: dict) -> str:
    ours = result["penchant"]
    low, high = ours["seconds_an_epoch_range"]
    rows = [
        f"\n{'':<66}{'timed':>12}{'s a batch':>11}{'s an epoch':>12}{'times':>7}",
        f"{'penchant':<66}{len(ours['epoch_seconds']):>5} epochs{'':>11}"
        f"{ours['seconds_an_epoch']:12.1f}{1:7.1f}",
    ]
    for row in result["peers"]:
        timed = f"{row['batches_timed']} of {row['batches_an_epoch']}"
        rows.append(
            f"{row['peer'] + ': ' + row['name']:<66}{timed:>12}{row['seconds_a_batch']:11.2f}"
            f"{row['seconds_an_epoch']:12.0f}{row['times_penchant']:7.1f}"
        )
    rows.append(
        f"penchant: epochs of {low:.1f} to {high:.1f} s, {result['penchant_again']:.1f} s after the "
        f"peers; best validation NDCG@10 {ours['best_ndcg']:.4f} in epoch {ours['best_epoch']}, "
        f"after {sum(ours['epoch_seconds'][: ours['best_epoch']]):.0f} s"
    )
    return "\n".join(rows)


def write(path: Path, result: dict) -> None:
    path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
