"""A decoder asked in words: PromptRanker tuned by LoRA beside its untuned self, on MovieLens-100K.

    python bench/prompting/run.py                        # SmolLM2-135M, two CPU cores: training 6 minutes, ranking 2 a row
    python bench/prompting/run.py --device cuda --full   # all layers, rank 16, on a GPU

All re-rank the 20 best items of item-kNN by the answer alone, Yes or No; with --mixed another row mixes
the tuned answer with item-kNN's score, by the share that validation chose. Leave-last-out, history
excluded. The figures are over all test users, but only those are asked about whose 20 items hold what
came next: for the others NDCG@10 is 0 whatever the order, in every row. A killed run goes on where it
stopped: training from its checkpoints, finished rows from --out.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

import penchant
from penchant.core import generator
from penchant.engine import Estimator, Recommender
from penchant.language.tuning import LoRA
from penchant.metrics import paired
from penchant.models.prompt_ranker import PromptRanker, PromptRankerConfig
from penchant.tune import read_curves, run_folder

HERE = Path(__file__).parent
SMALL = PromptRankerConfig(
    first="item-knn",
    depth=20,
    tuning=LoRA(rank=8, layers=10),
    noun="film",
    template=3,
    history=5,
    users=420,
    validation_users=60,
    learning_rate=0.001,
    epochs=1,
    precision="auto",
    mix=False,
)
FULL = replace(SMALL, tuning=LoRA(rank=16), history=10, users=843, validation_users=100, epochs=3)


def main() -> None:
    args = arguments()
    if args.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # models take a GPU wherever they see one
    elif not torch.cuda.is_available():
        raise SystemExit(f"--device {args.device}: torch sees no GPU here. Leave the flag out.")
    config = replace(FULL if args.full else SMALL, language=args.language)
    config = replace(config, place=not args.without_place)
    train, test = penchant.read_demo().split("leave-last-out")
    rows = np.sort(generator(args.seed, "users").permutation(len(test))[: args.users])
    asked = test if args.full else test[rows]
    contenders = {"untuned": replace(config, tuning=None), "tuned": config}
    if args.mixed:
        contenders["tuned, mixed with item-knn"] = replace(config, mix=True)
    kept = earlier(args)
    first = penchant.evaluate(penchant.ItemKNN().fit(train), asked, ks=(10, config.depth))
    values = {"item-knn": first.values["NDCG@10"]}
    listed = np.flatnonzero(first.values[f"HR@{config.depth}"])
    kept["users"], kept["users_asked"] = len(asked), len(listed)
    for name, one in contenders.items():
        file = args.work / f"{name.replace(', ', '-').replace(' ', '-')}.npy"
        if name not in kept["rows"] or not file.exists():
            start = time.perf_counter()
            fitted = fit(one, train, args)
            seconds = time.perf_counter() - start
            start = time.perf_counter()
            found = np.zeros(len(asked))
            found[listed] = penchant.evaluate(fitted, asked[listed]).values["NDCG@10"]
            told = {"fit_seconds": seconds, "rank_seconds": time.perf_counter() - start}
            np.save(file, found)
            kept["rows"][name] = told | {"NDCG@10": float(found.mean())}
            kept["losses"] = losses(args.work)
            write(args.out, kept)
        values[name] = np.load(file)
        print(f"{name}: NDCG@10 {values[name].mean():.4f}", flush=True)
    kept["rows"]["item-knn"] = {"NDCG@10": float(values["item-knn"].mean())}
    kept["differences"] = differences(values, args.seed)
    write(args.out, kept)
    for told in kept["differences"]:
        print(f"{told['what']}: {told['gap']:+.4f} [{told['low']:+.4f}, {told['high']:+.4f}]")
    print("training loss by epoch:", ", ".join(f"{loss:.3f}" for loss in kept["losses"]))


def earlier(args: argparse.Namespace) -> dict:
    """The rows of a run that was broken off, if it had the same flags."""
    names = ("language", "full", "users", "seed", "without_place")
    asked = {name: getattr(args, name) for name in names}
    kept = json.loads(args.out.read_text()) if args.out.exists() else {"asked": asked, "rows": {}}
    if kept["asked"] != asked:
        raise SystemExit(
            f"{args.out} is of {kept['asked']}. Name another --out and --work, or move it."
        )
    return kept


def fit(
    config: PromptRankerConfig, train: penchant.Dataset, args: argparse.Namespace
) -> Recommender:
    """Fit; the mixed row goes on from the checkpoints of the tuned one, and so trains nothing anew."""
    with run_folder(args.work / "training", every_seconds=60):
        return Estimator(PromptRanker, config).fit(train, args.seed)


def losses(work: Path) -> list[float]:
    found = sorted(work.glob("training/*/curves.json"))
    return [] if not found else list(read_curves(found[-1]).losses)


def differences(values: dict[str, np.ndarray], seed: int) -> list[dict]:
    pairs = (
        ("tuned", "untuned"),
        ("tuned, mixed with item-knn", "item-knn"),
        ("tuned", "item-knn"),
    )
    told = []
    for one, other in pairs:
        if one not in values:
            continue
        d = paired(values[one], values[other], seed)
        told.append({"what": f"{one} - {other}", "gap": d.gap, "low": d.low, "high": d.high})
    return told


def write(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--language", default=SMALL.language, help="a decoder: name, folder, id")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--full", action="store_true", help="all users, all layers: for a GPU")
    parser.add_argument("--users", type=int, default=943, help="test users, without --full")
    parser.add_argument("--without-place", action="store_true", help="titles alone are told")
    parser.add_argument("--mixed", action="store_true", help="the mix with item-kNN too")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--work", type=Path, default=HERE / "work", help="checkpoints, figures a user"
    )
    parser.add_argument("--out", type=Path, default=HERE / "result.json")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    return args


if __name__ == "__main__":
    main()
