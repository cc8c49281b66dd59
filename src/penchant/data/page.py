"""A description as a page for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .problems import several

if TYPE_CHECKING:
    from .describe import Description
    from .spread import Spread

WIDTH = 40  # characters of the longest bar
PAGE = 80  # characters of a line
LABEL = 30  # characters of the longest label beside a bar
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_HEIGHTS = "▁▂▃▄▅▆▇█"


def bar(share: float, width: int = WIDTH) -> str:
    """A bar of a share of ``width`` characters, to an eighth of a character.

    >>> bar(0.5, 3)
    '█▌'
    """
    eighths = round(share * width * 8)
    whole, rest = divmod(max(eighths, 1 if share > 0 else 0), 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def sparkline(counts: Sequence[int]) -> str:
    """Counts as a line of columns.

    >>> sparkline([0, 1, 2, 4])
    '▁▃▅█'
    """
    most = max(counts, default=0)
    if not most:
        return _HEIGHTS[0] * len(counts)
    return "".join(_HEIGHTS[min(round(n / most * 7), 7)] for n in counts)


def written(shape: Description) -> str:
    """The whole page."""
    lines = [
        f"{shape.name or 'data'}: {several(shape.users, 'user')}, {several(shape.items, 'item')}, "
        f"{several(shape.events, 'event')}"
    ]
    if shape.first:
        lines += [f"from {shape.first} to {shape.last}", f"  {sparkline(shape.activity)}"]
    else:
        lines += ["no times: the order of events is given by position"]
    lines += [
        "",
        f"density               {shape.density:.4%}",
        f"repeated items        {shape.repeats:.1%} of events",
        f"items without events  {shape.items_without_events:,}",
        f"items with text       {shape.items_with_text:,}",
        *_wrapped("text of an item       ", shape.template or "(no columns of text)"),
        f"popularity            Gini {shape.gini:.2f}; "
        f"the first tenth of the items has {shape.top_tenth:.0%} of events",
    ]
    for title, spread in (
        ("events of a user", shape.user_events),
        ("events of an item", shape.item_events),
        ("characters of a text", shape.text_length),
    ):
        lines += ["", *_histogram(title, spread)]
    if len(shape.kinds) > 1:
        lines += ["", "kinds of event", *_bars(shape.kinds)]
    if shape.values:
        lines += ["", "values", *_bars(shape.values)]
    if shape.notes:
        lines += ["", "notes"]
        for note in shape.notes:
            lines += _wrapped("  ", note)
    return "\n".join(lines)


def _wrapped(head: str, text: str) -> list[str]:
    """Text after a head, its further lines below its beginning."""
    return textwrap.wrap(
        text,
        PAGE,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _histogram(title: str, spread: Spread) -> list[str]:
    head = (
        f"{title}: median {spread.median:g}, mean {spread.mean:.1f}, "
        f"9 in 10 up to {spread.p90:g}, most {spread.most:,}"
    )
    return [*_wrapped("", head), *_bars(spread.bins)]


def _bars(counts: Mapping[str, int]) -> list[str]:
    counts = {_short(label): n for label, n in counts.items()}
    most = max(counts.values(), default=0)
    wide = max(map(len, counts), default=0)
    digits = max((len(f"{n:,}") for n in counts.values()), default=0)
    return [
        f"  {label:>{wide}}  {n:>{digits},}  {bar(n / most if most else 0)}".rstrip()
        for label, n in counts.items()
    ]


def _short(label: str) -> str:
    return label if len(label) <= LABEL else label[: LABEL - 3] + "..."
