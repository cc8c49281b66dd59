"""What domain pre-training of MiniLM does to recommendations on MovieLens-100K.

    python bench/pretraining/run.py                       # about half an hour on two quiet cores
    python bench/pretraining/run.py --models text-mean --texts items --out -   # a quick look

The frozen encoder before and after masked language modelling, on warm items (leave-last-out) and
cold ones (cold-items:0.1): NDCG@10 with a 95 % interval. The texts are the catalogue's, which may be
read whole (a new item's text is known when it is recommended), and with ``--texts people`` also the
titles that people chose in the training part of each split, a model a split. Writes result.json.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from penchant.core import quiet
from penchant.data import read_demo
from penchant.engine import by_name
from penchant.lab import evaluate
from penchant.language import DEFAULT_MODEL
from penchant.language.tuning import way_by_name
from penchant.tune import PretrainConfig, corpus_of, pretrain

HERE = Path(__file__).parent
SPLITS = ("leave-last-out", "cold-items:0.1")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--models", default="text-mean,text-sequence")
    options.add_argument("--texts", choices=["items", "people"], default="people")
    options.add_argument("--people", type=int, default=2000, help="most texts of people")
    options.add_argument("--epochs", type=int, default=3)
    options.add_argument("--head-epochs", type=int, default=2)
    options.add_argument("--tuning", default="full")
    options.add_argument("--rate", type=float, default=5e-5)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--out", default=str(HERE / "result.json"), help="'-' writes no file")
    asked = options.parse_args()
    config = PretrainConfig(
        epochs=asked.epochs,
        head_epochs=asked.head_epochs,
        tuning=way_by_name(asked.tuning),
        learning_rate=asked.rate,
        batch_tokens=1024,
    )
    people = asked.people if asked.texts == "people" else 0
    with quiet(), tempfile.TemporaryDirectory() as room:
        rows = measured(asked.models.split(","), config, people, asked.seed, Path(room))
    if asked.out != "-":
        told = {"asked": vars(asked), "settings": dataclasses.asdict(config), "rows": rows}
        Path(asked.out).write_text(json.dumps(told, indent=1) + "\n")


def measured(
    models: list[str], config: PretrainConfig, people: int, seed: int, room: Path
) -> list[dict[str, Any]]:
    """One row a split, model and encoder, and one a pre-training."""
    data, rows, learned = read_demo(), [], None
    cuts = [(split, *data.split(split)) for split in SPLITS]
    for split, train, test in cuts:
        if learned is None or people:
            learned = room / split.replace(":", "-")
            found = pretrain(DEFAULT_MODEL, corpus_of(train, seed, people), config, seed)
            found.save(learned)
            figures = {k: getattr(found, k) for k in ("before", "with_head", "after", "epoch")}
            rows.append(said({"split": split, "texts": found.texts, **figures}, found.seconds))
        for model in models:
            for encoder in (DEFAULT_MODEL, str(learned)):
                start = time.monotonic()
                fitted = by_name(model, language=encoder).fit(train, seed=seed)
                figure = evaluate(fitted, test).to_json()["metrics"]["NDCG@10"]
                which = "pre-trained" if encoder == str(learned) else "as it is"
                row = {"split": split, "model": model, "encoder": which, "NDCG@10": figure}
                rows.append(said(row, time.monotonic() - start))
    return rows


def said(row: dict[str, Any], seconds: float) -> dict[str, Any]:
    row["seconds"] = round(seconds, 1)
    print(json.dumps(row), flush=True)
    return row


if __name__ == "__main__":
    main()
