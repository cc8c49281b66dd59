"""A simulation as a picture: one line a policy, one panel a metric."""

from __future__ import annotations

import io
from pathlib import Path

from penchant.core import UsageError

from .config import NOTICE
from .simulation import METRICS, Simulation

PANELS = ("click rate", "regret", "coverage", "gini", "novelty", "alike")


def draw(found: Simulation, path: Path) -> None:
    """Draw the rounds of every policy; the title says that it is a simulation.

    Args:
        found: what to draw.
        path: the file to be; ``.svg`` or ``.png``.

    Raises:
        UsageError: another kind of file.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    from penchant.store import atomic_write

    kind = path.suffix.lower().removeprefix(".")
    if kind not in {"svg", "png"}:
        raise UsageError(f"{path}: a picture is a .svg or a .png file.")
    # a fixed salt and no date: the same result gives the same bytes
    with rc_context({"svg.hashsalt": "penchant", "svg.fonttype": "path", "font.size": 9}):
        figure = Figure(figsize=(10.5, 6.2), layout="constrained")
        figure.suptitle(
            f"{NOTICE}\n{found.catalogue}, {found.config.users} people at first, "
            f"seed {found.config.seed}",
            fontsize=10,
        )
        for axes, metric in zip(figure.subplots(2, 3).flat, PANELS, strict=True):
            for name, figures in found.rounds.items():
                rounds = range(1, len(figures[metric]) + 1)
                axes.plot(rounds, figures[metric], label=name, linewidth=1.6, marker=".")
            axes.set_title(f"{metric}: {METRICS[metric]}", fontsize=7.5)
            axes.set_xlabel("round")
            axes.set_ylim(bottom=0)
            for side in ("top", "right"):
                axes.spines[side].set_visible(False)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
        out = io.BytesIO()
        figure.savefig(out, format=kind, dpi=130, metadata={"Date": None} if kind == "svg" else {})
    atomic_write(path, out.getvalue())
