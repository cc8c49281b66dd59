"""The tables of results.md that are no rankings of a catalogue: tuning, clicks, ratings, few examples."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

BENCH = Path(__file__).parents[1]


def tuning() -> str:
    module = runpy.run_path(str(BENCH / "tuning" / "table.py"))
    return "\n".join(
        module["section"](json.loads(path.read_text())) for path in module["results"]()
    )


def clicks() -> str:
    found = read("clicks/ml-1m-ctr.json")
    first = found["runs"][0]
    lines = [
        "## Clicks: ml-1m-ctr",
        "",
        f"ClickModel on the slice of MovieLens-1M of the CoLLM paper, fitted on train and validation, its own time split; "
        f"AUC of {len(found['runs'])} seeds, the interval and the baseline (smoothed like-rates of user and item, added) of "
        f"the first. `{found['command']}`",
        "",
        "| state | AUC | 95 % interval | AUC within users | baseline AUC |",
        "|---|---|---|---|---|",
    ]
    for state, words in (
        ("frozen", "frozen after training"),
        ("causal", "counters that look back"),
    ):
        one = first[state]
        low, high = one["metrics"]["AUC"]["ci95"]
        lines.append(
            f"| {words} | {mean(found[f'{state} AUC']):.4f} | {low:.3f} to {high:.3f} "
            f"| {mean(found[f'{state} grouped AUC']):.4f} | {one['baseline']['AUC']['mean']:.4f} |"
        )
    return "\n".join([*lines, ""])


def ratings() -> str:
    found = read("ratings/ml-100k.json")
    folds = ", ".join(f"{fold['RMSE']:.4f}" for fold in found["folds"])
    return (
        "## Ratings: MovieLens-100K\n\n"
        f"RatingModel, RMSE of five random folds: {folds}; mean {found['mean RMSE']:.4f}, of smoothed means of user and "
        f"item {found['mean baseline RMSE']:.4f}. `{found['command']}`\n"
    )


def few_shot() -> str:
    found = read("few_shot/tallrec-movie.json")
    lines = [
        "## Few examples: the film task of TALLRec",
        "",
        "Mean AUC on 1,000 test examples over 10 draws; `transfer` learns from ml-latest-small too. The share of liked items "
        "in the history, without any model, has .726; the noise of the test is about .018. LLaMA-7B is TALLRec's own figure. "
        "`python bench/few_shot/run.py --data DATA`",
        "",
        "| examples | titles alone | with transfer | LLaMA-7B |",
        "|---|---|---|---|",
    ]
    rows = {(row["shots"], row["transfer"]): row for row in found["table"]}
    for shots in sorted({shots for shots, _ in rows}):
        alone, more = rows[shots, False], rows[shots, True]
        lines.append(
            f"| {shots} | {alone['AUC']:.3f} | {more['AUC']:.3f} | {alone['LLaMA-7B']:.3f} |"
        )
    return "\n".join([*lines, ""])


def mean(figure: Any) -> float:
    """A mean, or that of several seeds."""
    if isinstance(figure, dict):
        return float(figure["mean"])
    return float(figure if isinstance(figure, int | float) else sum(figure) / len(figure))


def read(path: str) -> Any:
    return json.loads((BENCH / path).read_text())
