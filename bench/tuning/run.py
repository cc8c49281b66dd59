"""Which way of tuning pays: every way of tuning TextSequence beside the frozen language model.

    python bench/tuning/run.py ml-100k
    python bench/tuning/run.py ml-100k --split cold-items:0.1
    python bench/tuning/run.py amazon-video-games-2018 --data ../shared/data/amazon-video-games-2018 --seeds 1
    python bench/tuning/run.py amazon-video-games-2018 --data ... --seeds 3 --ways frozen,lora,...

A cell is a way of tuning and a seed. What it measured is written as it ends, to cells/, and a cell
that is there is not run again, so the run may be killed at any time. The training before tuning is
the same for all ways of a seed that begin with it; it is done once and kept in starts/. Cells and
starts of other data or other settings are not used. NAME.SPLIT.json sums up all cells so far; git
ignores cells/ and starts/. Settings stand in settings.toml beside this file (docs/log.md says how they were chosen).
"""

from __future__ import annotations

import argparse
import json
import pickle
import time
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

import penchant
from penchant.data import read_demo
from penchant.engine import Recommender
from penchant.metrics import interval, paired
from penchant.models import TextSequence, TextSequenceConfig, configure, settings_of

HERE = Path(__file__).parent
METRICS = ("NDCG@10", "HR@10")


def main() -> None:
    args = arguments()
    data = read(args)
    parts = data.split(args.split)
    stem = stem_of(args)
    for way in args.ways.split(",") if args.ways else settings()["ways"]:
        for seed in range(args.seeds):
            name = f"{stem}.{way}.{seed}"
            if seed not in load(args, way, data.digest):
                measured, values = cell(args.name, stem, way, seed, parts)
                keep(name, {"digest": data.digest, **measured}, values)
            write_summary(args, stem, data, len(parts[1]))


def cell(name: str, stem: str, way: str, seed: int, parts: tuple[Any, Any]) -> tuple[dict, dict]:
    """Fit one way with one seed, and rank the test requests."""
    train, test = parts
    config = config_of(name, test.protocol, way)
    if (
        config.pairs and config.tuning
    ):  # the language model is tuned first, so the rest is trained over other vectors
        frozen_seconds, began = 0.0, time.perf_counter()
        model = TextSequence.fit(config, train, seed)
    else:
        fitted, frozen_seconds = start(stem, seed, config_of(name, test.protocol), train)
        began = time.perf_counter()
        model = TextSequence.tuned(config, fitted, train, seed)
    seconds = time.perf_counter() - began
    found = penchant.evaluate(Recommender(model, train.catalogue, train.interactions), test)
    adapter = model.reader.adapter[1] if model.reader.adapter else {}
    measured = {
        "settings": written(config),
        "frozen_seconds": frozen_seconds,
        "tuning_seconds": round(seconds, 1) if config.tuning else 0.0,
        "validations": list(model.validations),
        "epoch": int(np.argmax(model.validations)) if model.validations else 0,
        "tuned_parameters": int(sum(part.size for part in adapter.values())),
        **{metric: found.metrics[metric].mean for metric in METRICS},
    }
    print(f"{stem} {way} seed {seed}: {json.dumps(measured)}", flush=True)
    return measured, {metric: found.values[metric] for metric in METRICS}


def start(stem: str, seed: int, config: TextSequenceConfig, train: Any) -> tuple[Any, float]:
    """The networks over frozen vectors, from starts/ where an earlier cell left them."""
    kept = HERE / "starts" / f"{stem}.{seed}.pickle"  # our own file, read by nothing else
    key = (train.digest, written(config))
    if kept.exists():
        found, fitted, seconds = pickle.loads(kept.read_bytes())  # noqa: S301
        if found == key:
            return fitted, seconds
    began = time.perf_counter()
    fitted = TextSequence.fit_frozen(config, train, seed)
    seconds = round(time.perf_counter() - began, 1)
    kept.parent.mkdir(exist_ok=True)
    kept.write_bytes(pickle.dumps((key, fitted, seconds)))
    return fitted, seconds


def keep(name: str, measured: dict, values: dict) -> None:
    folder = HERE / "cells"
    folder.mkdir(exist_ok=True)
    np.savez_compressed(folder / f"{name}.npz", **values)
    part = folder / f"{name}.part"  # the JSON last and renamed: a cell is whole or not there
    part.write_text(json.dumps(measured, indent=1) + "\n")
    part.rename(folder / f"{name}.json")


def write_summary(args: argparse.Namespace, stem: str, data: Any, requests: int) -> None:
    """Every way: mean over users and seeds, and the gap to frozen of the same seeds, by user."""
    cells = {way: load(args, way, data.digest) for way in settings()["ways"]}
    ways = {}
    for way, runs in cells.items():
        if not runs:
            continue
        pairs = sorted(set(runs) & set(cells["frozen"]))
        ways[way] = {
            "settings": settings()["ways"][way],
            "tuned_parameters": runs[min(runs)][0]["tuned_parameters"],
            "seeds": sorted(runs),
            "epochs": [runs[seed][0]["epoch"] for seed in sorted(runs)],
            "tuning_seconds": float(np.mean([run["tuning_seconds"] for run, _ in runs.values()])),
            **{metric: figures(runs, metric) for metric in METRICS},
        }
        if way != "frozen" and pairs:
            mine, theirs = (
                np.mean([runs_of[seed][1]["NDCG@10"] for seed in pairs], axis=0)
                for runs_of in (runs, cells["frozen"])
            )
            gap = paired(mine, theirs, seed=0)
            ways[way]["gap"] = {"NDCG@10": gap.gap, "ci95": [gap.low, gap.high], "seeds": pairs}
    result = {
        "command": command(args),
        "data": {
            "name": args.name,
            "events": len(data.interactions),
            "users": len(data.interactions.users),
            "items": len(data.catalogue),
        },
        "split": args.split,
        "requests": requests,
        "ways": ways,
    }
    (HERE / f"{stem}.json").write_text(json.dumps(result, indent=1) + "\n")


def load(args: argparse.Namespace, way: str, digest: str) -> dict[int, tuple[dict, dict]]:
    """The cells of a way by seed, those of other data or other settings left out."""
    found, asked = {}, written(config_of(args.name, args.split, way))
    for path in sorted((HERE / "cells").glob(f"{stem_of(args)}.{way}.*.json")):
        measured = json.loads(path.read_text())
        if measured["digest"] == digest and measured["settings"] == asked:
            found[int(path.stem.rsplit(".", 1)[1])] = (
                measured,
                dict(np.load(path.with_suffix(".npz"))),
            )
    return found


def figures(runs: dict[int, tuple[dict, dict]], metric: str) -> dict:
    per_user = np.mean([values[metric] for _, values in runs.values()], axis=0)
    each = [runs[seed][0][metric] for seed in sorted(runs)]
    return {"mean": float(per_user.mean()), "ci95": list(interval(per_user, seed=0)), "each": each}


def settings() -> dict:
    return tomllib.loads((HERE / "settings.toml").read_text())


def config_of(name: str, protocol: str, way: str = "frozen") -> TextSequenceConfig:
    """The settings of a data set, a split and a way, later ones before earlier ones."""
    found = settings()
    split = found["split"].get(protocol.partition(":")[0], {})
    own = {**found["model"], **found["data"].get(name, {}), **split, **found["ways"][way]}
    return configure(TextSequenceConfig, own)


def written(config: TextSequenceConfig) -> dict[str, Any]:
    """A config as JSON gives it back, by which a cell knows its settings again."""
    return json.loads(json.dumps(settings_of(config)))


def stem_of(args: argparse.Namespace) -> str:
    """What the files of a data set and a split begin with."""
    return f"{args.name}.{args.split.replace(':', '-')}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", default="ml-100k", help="ml-100k, or a name for --data")
    parser.add_argument("--data", type=Path, help="folder with events.csv.gz and items.jsonl.gz")
    parser.add_argument("--split", default="leave-last-out")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--ways", help="of settings.toml, with commas; all in their order if left out"
    )
    return parser.parse_args()


def command(args: argparse.Namespace) -> str:
    folder = f" --data {args.data}" if args.data else ""
    return f"python bench/tuning/run.py {args.name}{folder} --split {args.split}"


def read(args: argparse.Namespace) -> penchant.Dataset:
    if args.data is None:
        return read_demo()
    return penchant.read(args.data / "events.csv.gz", args.data / "items.jsonl.gz")


if __name__ == "__main__":
    main()
