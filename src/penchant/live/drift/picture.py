"""What is watched, as a picture: each signal's largest differences, before and now."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.core import UsageError
from penchant.store import atomic_write

from .alert import moment

if TYPE_CHECKING:
    from .signal import Signal

BEFORE, NOW, ALARM = "#9aa5b1", "#0b6e4f", "#b3261e"
ROWS = 5
"""Bins of a signal that are drawn: those that moved most."""


def draw(signals: Mapping[str, Signal], path: Path) -> None:
    """Draw the shares of the reference beside those of the newest window, a panel for each signal.

    Args:
        signals: by name.
        path: a file ending in .png or .svg.

    Raises:
        UsageError: there is nothing to draw yet.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    drawn = {name: signal for name, signal in signals.items() if signal.watches}
    if not drawn:
        raise UsageError("There is nothing to draw yet: the reference is not whole.")
    kind = path.suffix.lower().removeprefix(".")
    content = io.BytesIO()
    # without a date, and with fixed ids, the same state gives the same bytes
    with rc_context({"svg.hashsalt": "penchant", "font.size": 9}):
        lines = -(-len(drawn) // 2)
        figure = Figure(figsize=(11, 1.9 * lines + 0.4), layout="constrained")
        panels = figure.subplots(lines, 2, squeeze=False)
        for panel, (name, signal) in zip(panels.flat, drawn.items(), strict=False):
            _panel(panel, name, signal)
        for panel in list(panels.flat)[len(drawn) :]:
            panel.set_visible(False)
        figure.savefig(
            content, format=kind, dpi=120, metadata={"Date": None} if kind == "svg" else None
        )
    atomic_write(path, content.getvalue())


def _panel(panel: Any, name: str, signal: Signal) -> None:
    moved = sorted(signal.shares, key=lambda row: -abs(row[2] - row[1]))[:ROWS][::-1]
    alert = signal.open
    places = range(len(moved))
    panel.barh([n + 0.2 for n in places], [row[1] for row in moved], 0.38, color=BEFORE)
    color = NOW if alert is None else ALARM
    panel.barh([n - 0.2 for n in places], [row[2] for row in moved], 0.38, color=color)
    panel.set_yticks(places, [_short(row[0]) for row in moved])
    panel.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    state = "as it was" if alert is None else f"changed since {moment(alert.since)}"
    panel.set_title(f"{name}: {state} (PSI {signal.psi:.2f})", loc="left", color=color)
    panel.spines[["top", "right"]].set_visible(False)


def _short(text: str) -> str:
    return text if len(text) <= 34 else f"{text[:33]}…"
