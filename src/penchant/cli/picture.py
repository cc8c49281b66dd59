"""The result of a comparison as one small picture, for a README or a slide."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penchant.lab import Comparison

INK, QUIET, STRONG = "#24292f", "#9aa5b1", "#0b6e4f"


def draw(found: Comparison, path: Path) -> None:
    """Draw each model's mean with its 95 % interval, the best at the top.

    Args:
        found: what to draw.
        path: the file to be; ``.svg`` or ``.png``.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    from penchant.store import atomic_write

    # a fixed salt and no date: the same result gives the same bytes
    with rc_context({"svg.hashsalt": "penchant", "svg.fonttype": "path", "font.size": 10}):
        rows = found.entries[::-1]
        figure = Figure(figsize=(7.2, 0.55 * len(rows) + 1.1), layout="constrained")
        axes = figure.subplots()
        for place, entry in enumerate(rows):
            one = entry.evaluation.metrics[found.metric]
            color = STRONG if entry is found.best else QUIET
            axes.barh(place, one.mean, color=color, height=0.62)
            axes.plot([one.low, one.high], [place, place], color=INK, linewidth=1.4)
            axes.annotate(
                f"{one.mean:.3f}",
                (one.high, place),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                color=INK,
            )
        axes.set_yticks(range(len(rows)), [entry.name for entry in rows])
        about = found.best.evaluation
        axes.set_xlabel(
            f"{found.metric}, {about.requests:,} users, {about.candidates:,} items ranked for each;"
            " 95 % intervals"
        )
        axes.margins(x=0.1)
        axes.set_xlim(left=0)
        axes.tick_params(left=False, colors=INK)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        out = io.BytesIO()
        kind = path.suffix.lower().removeprefix(".")
        figure.savefig(out, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else {})
    atomic_write(path, out.getvalue())
