"""Small phrases that decisions share."""

from __future__ import annotations

from collections.abc import Sequence

_SHOWN = 3


def either(values: Sequence[object]) -> str:
    """Values as alternatives, the first few of many.

    >>> either(["Books", "Toys"])
    "'Books' or 'Toys'"
    """
    shown = " or ".join(map(repr, values[:_SHOWN]))
    more = len(values) - _SHOWN
    return f"{shown} or {more} more" if more > 0 else shown


def several(count: int, noun: str) -> str:
    """A count with its noun.

    >>> several(1, "item"), several(2000, "item")
    ('1 item', '2,000 items')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
