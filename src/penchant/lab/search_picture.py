"""A search as one picture: what each trial scored, what made the difference, how each fit went."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.store import atomic_write

if TYPE_CHECKING:
    from .search import Tuned

INK, QUIET, STRONG = "#24292f", "#9aa5b1", "#0b6e4f"


def draw(found: Tuned, metric: str, path: Path) -> None:
    """Draw the history of a search, the importance of each field, and the curves of the fits.

    Args:
        found: what to draw.
        metric: what the scores are.
        path: the file to be; ``.svg`` or ``.png``.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    # a fixed salt and no date: the same result gives the same bytes
    with rc_context({"svg.hashsalt": "penchant", "svg.fonttype": "path", "font.size": 9}):
        figure = Figure(figsize=(11, 3.8), layout="constrained")
        panels = figure.subplots(1, 3)
        _history(panels[0], found, metric)
        _importances(panels[1], found)
        _curves(panels[2], found)
        for panel in panels:
            panel.spines[["top", "right"]].set_visible(False)
            panel.tick_params(colors=INK)
        out = io.BytesIO()
        kind = path.suffix.lower().removeprefix(".")
        figure.savefig(out, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else {})
    atomic_write(path, out.getvalue())


def _history(panel: Any, found: Tuned, metric: str) -> None:
    """Scores in the order of the trials, and the best so far."""
    scored = [(n, trial.score) for n, trial in enumerate(found.trials) if trial.score is not None]
    numbers, scores = [n for n, _ in scored], [score for _, score in scored]
    best = [max(scores[: place + 1]) for place in range(len(scores))]
    panel.step(numbers, best, where="post", color=STRONG, label="best so far")
    panel.plot(numbers, scores, "o", color=QUIET, markersize=4, label="a trial")
    lost = [n for n, trial in enumerate(found.trials) if trial.score is None]
    if lost:
        floor = [min(scores)] * len(lost)
        panel.plot(lost, floor, "x", color=INK, markersize=5, label="given up or failed")
    panel.set(title="history", xlabel="trial (0: as given)", ylabel=f"validation {metric}")
    panel.legend(frameon=False, loc="lower right")


def _importances(panel: Any, found: Tuned) -> None:
    """How much of the difference between trials each field explains."""
    rows = sorted(found.importances.items(), key=lambda pair: pair[1])
    panel.set(title="importance (PED-ANOVA)")
    if not rows:
        panel.text(0.5, 0.5, "too few trials to say", ha="center", color=QUIET)
        panel.set_axis_off()
        return
    panel.barh([name for name, _ in rows], [value for _, value in rows], color=STRONG, height=0.6)
    panel.set(xlabel="share of the difference between trials", xlim=(0, 1))


def _curves(panel: Any, found: Tuned) -> None:
    """Validation by epoch, the best trial's drawn over the others'."""
    drawn = [trial for trial in found.trials if len(trial.curve) > 1]
    panel.set(title="each fit")
    if not drawn:
        panel.text(0.5, 0.5, "this model has no epochs", ha="center", color=QUIET)
        panel.set_axis_off()
        return
    for trial in sorted(drawn, key=lambda one: one.score or 0.0):
        best = trial.score == found.score
        style = {"color": STRONG, "linewidth": 1.8} if best else {"color": QUIET, "linewidth": 0.8}
        panel.plot(
            range(1, len(trial.curve) + 1),
            trial.curve,
            linestyle=":" if trial.pruned else "-",
            **style,
        )
    panel.set(xlabel="epoch (dotted: given up)", ylabel="figure of the early stopping")
