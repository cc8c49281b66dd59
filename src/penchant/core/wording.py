"""Small phrases that errors share."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST = 64  # letters that are compared: the time grows with their square, and strangers may ask


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """The end of a sentence: ``"; did you mean 'price'?"`` where a known word is near, else ``"."``.

    >>> did_you_mean("prise", ["price", "brand"])
    "; did you mean 'price'?"
    """
    near = difflib.get_close_matches(str(word)[:_LONGEST], list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else "."
