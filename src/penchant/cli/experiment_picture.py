"""An experiment by day: what an interval that may be looked at every day does."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import TYPE_CHECKING

from .picture import INK, QUIET, STRONG

if TYPE_CHECKING:
    from penchant.live.experiments import Experiment, Judgement

_COLORS = (STRONG, "#a3541a", "#4b5fa8", "#8a3d73", "#6d6d6d", "#2b7a9e", "#9b8a1c")


def draw(found: Experiment, judged: Judgement, path: Path) -> None:
    """Draw the gap of each arm over the control with its always-valid interval, look by look.

    Args:
        found: the experiment.
        judged: what it tells.
        path: the file to be; ``.svg`` or ``.png``.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    from penchant.live.experiments import outcome
    from penchant.store import atomic_write

    # a fixed salt and no date: the same result gives the same bytes
    with rc_context({"svg.hashsalt": "penchant", "svg.fonttype": "path", "font.size": 10}):
        figure = Figure(figsize=(7.2, 3.6), layout="constrained")
        axes = figure.subplots()
        axes.axhline(0, color=QUIET, linewidth=1)
        for one, color in zip(judged.comparisons, _COLORS, strict=False):
            looks = [look for look in one.looks if not math.isinf(look.low)]
            days = [(look.at - found.started_at) / 86_400 for look in looks]
            lows, highs = [look.low for look in looks], [look.high for look in looks]
            axes.fill_between(days, lows, highs, color=color, alpha=0.18, linewidth=0)
            axes.plot(days, [look.gap for look in looks], color=color, marker="o", markersize=3)
            if looks:
                axes.annotate(one.arm, (days[-1], looks[-1].gap), xytext=(6, 0), color=color,
                              textcoords="offset points", va="center")  # fmt: skip
            if one.decided_at is not None:
                day = (one.decided_at - found.started_at) / 86_400
                axes.axvline(day, color=color, linewidth=1, linestyle=":")
        against = "a half" if found.kind == "interleave" else found.arms[0].name
        axes.set_title(f"{found.name}: {outcome(found)}", fontsize=10, color=INK)
        axes.set_ylabel(f"against {against}")
        axes.set_xlabel(f"days; always-valid {1 - found.alpha:.0%} intervals, dotted: decided")
        axes.margins(x=0.1)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        out = io.BytesIO()
        kind = path.suffix.lower().removeprefix(".")
        figure.savefig(out, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else {})
    atomic_write(path, out.getvalue())
