"""Peak memory of a comparison on a larger catalogue, by model.

    python bench/memory/run.py --data ../shared/data/amazon-video-games-2018

Compares EASE, SASRec and TextSequence as `penchant compare` does, in this one process, with few
epochs: memory does not grow with their number. The limit is what a laptop with 16 GB has to spare.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import psutil

import penchant

HERE = Path(__file__).parent
LIMIT = 12e9
"""Bytes that the whole process must stay below."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", type=Path, default=HERE.parents[2] / "shared/data/amazon-video-games-2018"
    )
    parser.add_argument("--epochs", type=int, default=1)
    args = parser.parse_args()
    if not args.data.is_dir():
        parser.exit(message=f"no data in {args.data}: nothing measured. Name a folder by --data.\n")
    data = penchant.read(args.data / "events.csv.gz", args.data / "items.jsonl.gz")
    train, test = data.split("leave-last-out")
    before = psutil.Process().memory_info().rss
    table = penchant.compare(
        {
            "ease": penchant.EASE(),
            "sasrec": penchant.SASRec(epochs=args.epochs),
            "text-sequence": penchant.TextSequence(epochs=args.epochs),
        },
        train,
        test,
    )
    found = {
        "command": f"python bench/memory/run.py --data {args.data} --epochs {args.epochs}",
        "users": len(data.interactions.users),
        "items": len(data.catalogue),
        "events": len(data.interactions),
        "limit_bytes": LIMIT,
        "after_reading_bytes": before,
        "peak_bytes": {entry.name: entry.memory for entry in table.entries},
        "all_scores_would_take_bytes": 4 * len(test) * len(data.catalogue),
    }
    (HERE / "result.json").write_text(json.dumps(found, indent=1) + "\n")
    for name, peak in found["peak_bytes"].items():
        print(f"{name:<14} peak {peak / 1e9:5.2f} GB")
    print(f"all scores at once would take {found['all_scores_would_take_bytes'] / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
