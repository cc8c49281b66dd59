"""The curves of a training as data and as a picture."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from penchant.core import UsageError
from penchant.store import atomic_write

from .history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, QUIET, STRONG = "#24292f", "#9aa5b1", "#0b6e4f"
POINTS = 2_000
"""Most steps that are drawn; more could not be told apart, and would make a large file."""


def write_curves(history: History, path: str | Path) -> None:
    """Write every figure of a training as JSON: the fields of :class:`History`."""
    atomic_write(path, json.dumps(dataclasses.asdict(history)).encode())


def read_curves(path: str | Path) -> History:
    """What :func:`write_curves` wrote."""
    return History(**json.loads(Path(path).read_text("utf-8")))


def draw_curves(history: History, path: str | Path, title: str = "") -> None:
    """Draw loss, validation and learning rate over steps.

    Args:
        history: what to draw.
        path: the file to be; ``.svg`` or ``.png``.
        title: of the picture.

    Raises:
        UsageError: the file's name ends otherwise.
    """
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind not in {"png", "svg"}:
        raise UsageError(f"curves are drawn as .svg or .png, and {Path(path).name!r} is neither.")
    atomic_write(path, curves_picture(history, kind, title))


def curves_picture(history: History, kind: str = "svg", title: str = "") -> bytes:
    """The same picture as the content of a file, for a report that holds it.

    The same history gives the same bytes.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.hashsalt": "penchant", "svg.fonttype": "path", "font.size": 9}):
        panels = 2 + bool(history.validations)
        figure = Figure(figsize=(3.2 * panels, 2.4), layout="constrained")
        axes = figure.subplots(1, panels)
        ends = _epoch_ends(history)
        _line(axes[0], history.step_losses, "training loss")
        axes[0].plot(ends, history.losses, "o-", color=STRONG, markersize=3)
        _line(axes[-1], history.rates, "learning rate")
        if history.validations:
            axes[1].plot(ends[: len(history.validations)], history.validations, "o-", color=STRONG)
            best = history.best_epoch - 1
            if 0 <= best < len(history.validations):
                axes[1].plot(ends[best], history.validations[best], "o", color=INK, markersize=8)
            _plain(axes[1], "validation, the kept epoch large")
        if title:
            figure.suptitle(title, color=INK)
        out = io.BytesIO()
        figure.savefig(out, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else {})
    return out.getvalue()


def _line(axes: Axes, values: Sequence[float], name: str) -> None:
    steps = np.linspace(0, len(values) - 1, min(len(values), POINTS)).astype(int)
    axes.plot(steps + 1, np.array(values)[steps], color=QUIET, linewidth=1)
    _plain(axes, name)


def _plain(axes: Any, name: str) -> None:
    axes.set_title(name, color=INK, fontsize=9)
    axes.set_xlabel("step", color=INK)
    axes.tick_params(colors=INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _epoch_ends(history: History) -> list[float]:
    # epochs of one training have nearly the same number of steps
    each = len(history.step_losses) / max(len(history.losses), 1)
    return [each * (epoch + 1) for epoch in range(len(history.losses))]
