"""How well likes are foretold: MovieLens-1M in CoLLM's time split, fitted on train and validation.

    python bench/clicks/run.py --data ../shared/data/ml-1m-ctr
    python bench/clicks/run.py --data ../shared/data/ml-1m-ctr --validation     # to choose settings

The state is frozen at the end of the fitted events, or histories and counters go on and look back
only (every test event of anybody strictly before the one that is foretold, and no other). Beside it
stands the baseline in the same state: the smoothed like-rates of user and item, added. ``warm`` and
``cold`` count events of training and validation; ``warm (train)`` is the column of the data, which
counts those of training alone. Written to ml-1m-ctr.json here.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import time
from pathlib import Path

import numpy as np
import polars as pl

import penchant
from penchant.engine import by_name
from penchant.lab import evaluate_clicks, evaluate_events

HERE = Path(__file__).parent
HOME = os.environ.get("PENCHANT_DATA")
DATA = (Path(HOME) if HOME else HERE.parents[2] / "shared" / "data") / "ml-1m-ctr"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="the folder ml-1m-ctr")
    parser.add_argument("--seeds", type=int, default=1, help="fits, from seed 0 upwards")
    parser.add_argument("--validation", action="store_true", help="fit on train, judge validation")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=JSON")
    args = parser.parse_args()
    if not args.data.is_dir():
        print(f"left out: there is no folder {args.data}; name it with --data or PENCHANT_DATA")
        return
    shown, items = read(args.data)
    fitted_on = ["train"] if args.validation else ["train", "valid"]
    judged = "valid" if args.validation else "test"
    train, test = dataset(shown, items, fitted_on), dataset(shown, items, [judged])
    settings = {key: json.loads(value) for key, _, value in (s.partition("=") for s in args.set)}
    result = {
        "command": f"python bench/clicks/run.py --data DATA --seeds {args.seeds}",
        "data": {"name": "ml-1m-ctr", "train": train.digest, "test": test.digest},
        "fitted on": "+".join(fitted_on),
        "judged on": judged,
        "runs": [one(train, test, shown, settings, seed) for seed in range(args.seeds)],
    }
    for state in ("frozen", "causal"):
        for metric in ("AUC", "grouped AUC"):
            found = [run[state]["metrics"][metric]["mean"] for run in result["runs"]]
            plain = result["runs"][0][state]["baseline"][metric]["mean"]
            result[f"{state} {metric}"] = float(np.mean(found))
            print(f"{state} {metric}: {np.mean(found):.4f}, baseline {plain:.4f}")
    if not args.validation:
        (HERE / "ml-1m-ctr.json").write_text(json.dumps(result, indent=1) + "\n")


def one(
    train: penchant.Dataset, test: penchant.Dataset, shown: pl.DataFrame, settings: dict, seed: int
) -> dict:
    """Fit once, judge in both states."""
    started, used = time.perf_counter(), time.process_time()
    with penchant.quiet():
        fitted = by_name("click-model", **settings).fit(train, seed=seed)
    out = {
        "seed": seed,
        "settings": repr(fitted.config),
        "fit seconds": round(time.perf_counter() - started, 1),
        "fit cpu seconds": round(time.process_time() - used, 1),
        "numbers in the model": sum(int(part.size) for part in fitted.model.state().values()),
    }
    warm = by_the_column(shown, test)
    events = test.interactions.events
    for state, causal in (("frozen", False), ("causal", True)):
        found = evaluate_events(fitted, test, causal)
        out[state] = found.to_json()
        score = fitted.predict(test, causal).astype(float)
        for name, mask in (("warm (train)", warm), ("cold (train)", ~warm)):
            value = evaluate_clicks(events.value[mask], score[mask], events.row[mask])
            out[state]["slices"][name] = {"events": int(mask.sum())} | {
                metric: figure.to_json() for metric, figure in value.items()
            }
        print(found, flush=True)
    return out


def read(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Impressions and items; the counts are those of the published split."""
    shown = pl.read_csv(
        folder / "impressions.csv.gz", schema_overrides={"warm": pl.Float64}
    ).rename({"label": "value"})
    counts = dict(shown.group_by("split").len().iter_rows())
    if counts != {"train": 33891, "valid": 10401, "test": 7331}:
        raise SystemExit(f"{folder} holds another split: {counts}")
    with gzip.open(folder / "items.jsonl.gz") as file:
        return shown, pl.read_ndjson(file.read())


def dataset(shown: pl.DataFrame, items: pl.DataFrame, parts: list[str]) -> penchant.Dataset:
    """The events of some parts of the split."""
    columns = ["user_id", "item_id", "timestamp", "value"]
    return penchant.read(shown.filter(pl.col("split").is_in(parts)).select(columns), items)


def by_the_column(shown: pl.DataFrame, test: penchant.Dataset) -> np.ndarray:
    """Whether the data calls each test event warm, (events,); nobody sees an item twice in it."""
    warm = {
        (str(user), str(item)): flag == 1
        for user, item, flag in shown.select("user_id", "item_id", "warm").iter_rows()
    }
    events, made = test.interactions.events, test.interactions
    return np.array(
        [
            warm[made.users.name(user), made.items.name(item)]
            for user, item in zip(events.row, events.item, strict=True)
        ]
    )


if __name__ == "__main__":
    main()
