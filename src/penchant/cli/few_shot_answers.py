"""What ``penchant few-shot`` says of a model: its figures, and its answers as a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .output import document

if TYPE_CHECKING:
    from penchant.models.few_shot import Example, FewShotModel


def judged(model: FewShotModel, asked: Sequence[Example], seed: int) -> dict[str, Any]:
    """What the command tells of a model, as JSON.

    Args:
        model: what was learned.
        asked: examples; those with a label judge it.
        seed: of the resampling for the interval.
    """
    import numpy as np

    from penchant.core import generator
    from penchant.metrics import auc
    from penchant.models.few_shot import Batch

    found: dict[str, Any] = {
        "chosen": model.chosen,
        "seconds": model.seconds,
        "cross-validated": {
            score.way: {"AUC": score.auc, "log-loss": score.log_loss, "seconds": score.seconds}
            for score in model.scores
        },
    }
    known = [one for one in asked if one.label is not None]
    labels = np.array([one.label for one in known], np.float64)
    if len(known) < 2 or len(set(labels.tolist())) < 2:
        return found
    chance, share = model.predict(known), Batch.of(known).share
    chooser, drawn = generator(seed, "interval"), []
    for _ in range(1000):
        rows = chooser.integers(0, len(known), len(known))
        if 0 < labels[rows].sum() < len(rows):
            drawn.append(auc(labels[rows], chance[rows]))
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    found["test"] = {
        "examples": len(known),
        "AUC": {"mean": auc(labels, chance), "ci95": [low, high]},
        "share": auc(labels, share),
    }
    return found


def write_answers(out: Path, model: FewShotModel, asked: Sequence[Example]) -> None:
    """Write a JSON line for each example, in their order."""
    from penchant.store import atomic_write

    lines = [
        json.dumps({"candidate": one.candidate, "probability": chance}, ensure_ascii=False)
        for one, chance in zip(asked, model.predict(asked).tolist(), strict=True)
    ]
    atomic_write(out, ("\n".join(lines) + "\n").encode())


def in_a_line(found: dict[str, Any]) -> str:
    """What ``judged`` found, shortly."""
    told = f"{found['chosen']}, {found['seconds']:.1f} s"
    if "test" in found:
        told += f", AUC {found['test']['AUC']['mean']:.3f}"
    return told


def tell(found: list[dict[str, Any]], as_json: bool) -> None:
    """Print what ``judged`` found of one model, or of one for each draw."""
    import numpy as np

    result: dict[str, Any] = found[0] if len(found) == 1 else {"draws": found}
    tested = [one["test"]["AUC"]["mean"] for one in found if "test" in one]
    if len(found) > 1 and tested:
        spread = float(np.std(tested, ddof=1))
        result["AUC"] = {"mean": float(np.mean(tested)), "deviation": spread}
        result["share"] = found[0]["test"]["share"]
    if as_json:
        document(result)
        return
    if len(found) > 1:
        if tested:
            print(f"AUC {result['AUC']['mean']:.3f}, deviation of draws {spread:.3f}")
            print(f"share of likes alone {result['share']:.3f}")
        return
    for way, score in found[0]["cross-validated"].items():
        mark = "*" if way == found[0]["chosen"] else " "
        print(
            f"{mark} {way:14} AUC {score['AUC']:.3f}  log-loss {score['log-loss']:.3f}  "
            f"{score['seconds']:.1f} s   (cross-validated)"
        )
    if "test" in found[0]:
        told = found[0]["test"]
        low, high = told["AUC"]["ci95"]
        print(
            f"test: AUC {told['AUC']['mean']:.3f} [{low:.3f}, {high:.3f}], {told['examples']:,} examples"
        )
        print(f"share of likes alone: AUC {told['share']:.3f}")
