"""A description as a picture."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.core import UsageError
from penchant.store import atomic_write

if TYPE_CHECKING:
    from .describe import Description
    from .spread import Spread

COLOUR = "#2f6f9f"
ENDINGS = (".png", ".svg")


def draw(shape: Description, path: Path) -> None:
    """Draw length, popularity, text and activity into one file.

    Args:
        shape: what to draw.
        path: a file ending in .png or .svg.

    Raises:
        UsageError: another ending.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    if path.suffix.lower() not in ENDINGS:
        raise UsageError(f"picture {path}: name it {' or '.join(ENDINGS)}.")
    figure = Figure(figsize=(10, 7), layout="constrained")
    panels = figure.subplots(2, 2)
    head = f"{shape.users:,} users, {shape.items:,} items, {shape.events:,} events"
    figure.suptitle(f"{shape.name}: {head}" if shape.name else head)
    _bars(panels[0, 0], shape.user_events, "events of a user", "users")
    _curve(panels[0, 1], shape)
    _bars(panels[1, 0], shape.text_length, "characters of a text", "items")
    _activity(panels[1, 1], shape)
    for panel in panels.flat:
        panel.spines[["top", "right"]].set_visible(False)
    content = io.BytesIO()
    # without a date, and with fixed ids, the same data give the same bytes
    with rc_context({"svg.hashsalt": "penchant"}):
        figure.savefig(
            content,
            format=path.suffix.lower()[1:],
            dpi=120,
            metadata={"Date": None} if path.suffix.lower() == ".svg" else None,
        )
    atomic_write(path, content.getvalue())


def _bars(panel: Any, spread: Spread, title: str, what: str) -> None:
    places = range(len(spread.bins))
    panel.bar(places, list(spread.bins.values()), color=COLOUR, width=0.9)
    panel.set_xticks(places, list(spread.bins), rotation=45, ha="right")
    panel.set(title=f"{title} (median {spread.median:g})", ylabel=what)


def _curve(panel: Any, shape: Description) -> None:
    counts = [n for n in shape.popularity if n]
    panel.plot(range(1, len(counts) + 1), counts, color=COLOUR)
    panel.set(
        title=f"popularity (Gini {shape.gini:.2f})",
        xlabel="items, most popular first",
        ylabel="events",
    )
    if counts:
        panel.set(xscale="log", yscale="log")


def _activity(panel: Any, shape: Description) -> None:
    if shape.activity:
        panel.bar(range(len(shape.activity)), shape.activity, color=COLOUR, width=0.9)
        ends = [0, len(shape.activity) - 1]
        panel.set_xticks(ends, [shape.first, shape.last])
        panel.set(title="activity", ylabel="events")
        return
    _bars(panel, shape.item_events, "events of an item", "items")
