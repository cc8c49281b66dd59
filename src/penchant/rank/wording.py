"""Small phrases that errors and decisions share."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

_SHOWN = 3


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """The end of a sentence: ``"; did you mean 'price'?"`` where a known word is near, else ``"."``.

    >>> did_you_mean("prise", ["price", "brand"])
    "; did you mean 'price'?"
    """
    near = difflib.get_close_matches(str(word), list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else "."


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
