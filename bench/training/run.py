"""Seconds an epoch of SASRec: penchant beside RecTools and RecBole, same data, same machine.

    python bench/training/run.py --events EVENTS --items ITEMS       # about ten minutes
    python bench/training/run.py --to-target                         # up to an hour more

penchant trains until its early stopping; each peer is timed on a part of an epoch. With --to-target
each peer is also trained until its validation NDCG@10 reaches a share of penchant's best, or until
the limit. Writes result.json. What is equal and what is not: README.md.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import statistics
import tempfile
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
from contenders import CONTENDERS, PENCHANT, Contender, pythons, work

import penchant
from penchant.core import Holdout
from penchant.data import validation_split
from penchant.metrics import hits, ndcg

HERE = Path(__file__).parent
DATA = Path(os.environ.get("PENCHANT_DATA", HERE.parents[1].parent / "shared" / "data"))
BEAUTY = DATA / "amazon-beauty-2014"
USERS, SEED = 2000, 0


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
    parser.add_argument("--seconds", type=float, default=30, help="timed for each set of settings")
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


class Bench:
    """The data, written once for the peers, and the measurements on it."""

    def __init__(self, args: argparse.Namespace, folder: Path) -> None:
        self.args, self.folder = args, folder
        self.pythons = pythons(args.environments)
        train, _ = penchant.read(args.events, args.items).split("leave-last-out")
        inner, self.holdout = validation_split(train, USERS, SEED)
        self.users = self.holdout.requests.users.names(self.holdout.requests.user)
        events = inner.interactions.events
        names = inner.interactions
        with (folder / "train.csv").open("w", newline="") as out:
            rows = csv.writer(out)
            rows.writerow(("user_id", "item_id", "position"))
            place = np.arange(len(events.item)) - events.indptr[events.row]
            rows.writerows(
                zip(
                    names.users.names(events.row),
                    names.items.names(events.item),
                    place,
                    strict=True,
                )
            )
        self.data = {
            "events": len(events.item),
            "users": int((events.lengths > 0).sum()),
            "items": int((inner.interactions.counts() > 0).sum()),
            "predictions_an_epoch": int(np.maximum(events.lengths - 1, 0).sum()),
            "validation_users": len(self.holdout),
            "digest": train.digest,
        }

    def job(self, settings: dict, mode: str) -> dict:
        args = self.args
        return {
            "settings": settings,
            "mode": mode,
            "seed": SEED,
            "train": str(self.folder / "train.csv"),
            "asked": self.users,
            "events": str(args.events.resolve()),
            "items": str(args.items.resolve()),
            "warmup": args.warmup,
            "least_batches": args.least_batches,
            "time_seconds": args.seconds,
            "check_seconds": args.check,
        }

    def room(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self.folder))

    def penchant(self, epochs: int) -> dict:
        print(f"penchant: at most {epochs} epochs", flush=True)
        settings = PENCHANT | {"epochs": epochs, "validation_users": USERS}
        done = work(self.pythons["penchant"], "penchant", self.job(settings, "train"), self.room())
        lists = done.pop("lists")
        seconds = done["epoch_seconds"]
        return {
            "settings": settings,
            "seconds_an_epoch": statistics.median(seconds),
            "seconds_an_epoch_range": [min(seconds), max(seconds)],
            "best_ndcg": max(done["validation_ndcg"]),
            "ndcg_of_its_lists": score(lists, self.users, self.holdout),
            **done,
        }

    def part_of_an_epoch(self, one: Contender) -> dict:
        print(f"{one.peer}: {one.name}", flush=True)
        done = work(self.pythons[one.peer], one.peer, self.job(one.settings, "time"), self.room())
        timed = done["seconds"][self.args.warmup :]
        each = statistics.mean(timed)
        return {
            "peer": one.peer,
            "name": one.name,
            "settings": one.settings,
            "batches_timed": len(timed),
            "batches_an_epoch": done["batches_an_epoch"],
            "seconds_a_batch": each,
            "seconds_a_batch_range": [min(timed), max(timed)],
            "seconds_an_epoch": each * done["batches_an_epoch"],
            "versions": done["versions"],
        }

    def to_target(self, ours: dict, chosen: Sequence[Contender]) -> dict:
        target = self.args.share * ours["best_ndcg"]
        spent = list(accumulate(ours["epoch_seconds"]))
        first = next(n for n, got in enumerate(ours["validation_ndcg"]) if got >= target)
        found: dict = {"target_ndcg": target, "penchant": {"seconds": spent[first]}}
        print(f"to validation NDCG@10 {target:.4f}: penchant {spent[first]:.0f} s", flush=True)
        firsts = {one.peer: one for one in reversed(chosen)}  # the first settings of each peer
        for peer, one in firsts.items():
            found[peer] = {"name": one.name, **self._train(one, target)}
            print(f"{peer} ({one.name}): {verdict(found[peer])}", flush=True)
        return found

    def _train(self, one: Contender, target: float) -> dict:
        curve: list[tuple[float, float]] = []

        def go_on(message: dict) -> bool:
            got = score(message["lists"], self.users, self.holdout)
            curve.append((message["train_seconds"], got))
            print(f"  {message['train_seconds']:.0f} s: NDCG@10 {got:.4f}", flush=True)
            return got < target and message["train_seconds"] < self.args.limit

        job = self.job(one.settings, "target")
        done = work(self.pythons[one.peer], one.peer, job, self.room(), go_on)
        return {
            "reached": curve[-1][1] >= target,
            "seconds": curve[-1][0],
            "epochs": len(done["seconds"]) / done["batches_an_epoch"],
            "best_ndcg": max(got for _, got in curve),
            "curve": curve,
        }


def score(lists: dict[str, list[str]], users: list[str], holdout: Holdout) -> float:
    """Mean NDCG@10 of top-10 lists; a user without a list scores 0."""
    codes = np.full((len(users), 10), -1)
    for row, user in zip(codes, users, strict=True):
        found = holdout.requests.items.codes(lists.get(user, [])[:10])
        row[: len(found)] = found
    truth = holdout.truth
    return float(ndcg(hits(codes, truth.indptr, truth.item), truth.lengths).mean())


def verdict(found: dict) -> str:
    if found["reached"]:
        return f"reached in {found['seconds']:.0f} s of training"
    return f"not reached in {found['seconds']:.0f} s (best {found['best_ndcg']:.4f})"


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
        f"\n{'':<52}{'timed':>12}{'s a batch':>11}{'s an epoch':>12}{'times':>7}",
        f"{'penchant':<52}{len(ours['epoch_seconds']):>5} epochs{'':>11}"
        f"{ours['seconds_an_epoch']:12.1f}{1:7.1f}",
    ]
    for row in result["peers"]:
        timed = f"{row['batches_timed']} of {row['batches_an_epoch']}"
        rows.append(
            f"{row['peer'] + ': ' + row['name']:<52}{timed:>12}{row['seconds_a_batch']:11.2f}"
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
