"""How close foretold ratings come: five folds of MovieLens-100K, each left out once.

    python bench/ratings/run.py

Folds are random with a fixed seed. The settings are the defaults of RatingModel, which were chosen
within the training part of another draw (see docs/log.md). For a user of the fold the state is that
of training: the user's ratings in the other four folds. Beside it stands the baseline: the smoothed
means of user and item, added. Published, five folds: SVD .934, SVD++ .919 (Surprise). Written to
ml-100k.json here.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

import penchant
from penchant.data import read_demo
from penchant.engine import by_name
from penchant.lab import evaluate_events, evaluate_ratings

HERE = Path(__file__).parent
FOLDS, SEED = 5, 2026


def main() -> None:
    data = read_demo()
    interactions = data.interactions
    fold = np.random.default_rng(SEED).integers(0, FOLDS, len(interactions))
    truth, foretold, user, folds = [], [], [], []
    for number in range(FOLDS):
        held = fold == number
        train, test = (
            replace(data, interactions=interactions.with_events(interactions.events.where(part)))
            for part in (~held, held)
        )
        started, used = time.perf_counter(), time.process_time()
        with penchant.quiet():
            fitted = by_name("rating-model").fit(train)
        seconds, cpu = time.perf_counter() - started, time.process_time() - used
        found = evaluate_events(fitted, test)
        folds.append(
            {
                "RMSE": found.metrics["RMSE"].mean,
                "MAE": found.metrics["MAE"].mean,
                "baseline RMSE": found.baseline["RMSE"].mean,
                "fit seconds": round(seconds, 1),
                "fit cpu seconds": round(cpu, 1),
            }
        )
        print(number, json.dumps(folds[-1]), flush=True)
        truth.append(test.interactions.events.value)
        foretold.append(fitted.predict(test))
        user.append(test.interactions.events.row)
    whole = evaluate_ratings(
        np.concatenate(truth).astype(float),
        np.concatenate(foretold).astype(float),
        np.concatenate(user),
    )
    result = {
        "command": "python bench/ratings/run.py",
        "data": {"name": "ml-100k", "digest": data.digest, "ratings": len(interactions)},
        "settings": repr(fitted.config),
        "folds": folds,
        "mean RMSE": float(np.mean([part["RMSE"] for part in folds])),
        "mean baseline RMSE": float(np.mean([part["baseline RMSE"] for part in folds])),
        "all ratings": {name: figure.to_json() for name, figure in whole.items()},
    }
    (HERE / "ml-100k.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps({key: result[key] for key in ("mean RMSE", "mean baseline RMSE")}))


if __name__ == "__main__":
    main()
