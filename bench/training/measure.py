"""The measurements: a part of an epoch, and training to a target."""

from __future__ import annotations

import argparse
import csv
import statistics
import tempfile
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
from contenders import PENCHANT, Contender, pythons, work

import penchant
from penchant.core import Holdout
from penchant.data import validation_split
from penchant.metrics import hits, ndcg

USERS, SEED = 2000, 0


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
        """What a worker is told."""
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
        """An empty folder for one worker."""
        return Path(tempfile.mkdtemp(dir=self.folder))

    def penchant(self, epochs: int) -> dict:
        """Train penchant to its early stopping, or for ``epochs``."""
        print(f"penchant: at most {epochs} epochs", flush=True)
        settings = PENCHANT | {"epochs": epochs, "validation_users": USERS, "refit": False}
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
        """Time some batches of a peer after the warm-up, and scale them to an epoch."""
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
        """Seconds of training until a share of penchant's best validation NDCG@10."""
        target = self.args.share * ours["best_ndcg"]
        spent = list(accumulate(ours["epoch_seconds"]))
        first = next(n for n, got in enumerate(ours["validation_ndcg"]) if got >= target)
        print(f"to validation NDCG@10 {target:.4f}: penchant {spent[first]:.0f} s", flush=True)
        found: dict = {"target_ndcg": target, "penchant": {"seconds": spent[first]}, "peers": []}
        for one in (one for one in chosen if one.to_target):
            print(f"{one.peer}: {one.name}", flush=True)
            done = {"peer": one.peer, "name": one.name, **self._train(one, target)}
            found["peers"].append(done)
            print(f"  {verdict(done)}", flush=True)
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
