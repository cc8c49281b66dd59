"""What a long text loses, by field: a stated order instead of whatever stands last.

A tokenizer that cuts a text at its limit drops the end, which in a prompt is the candidate and in
an item may be anything. Here the parts of a text are named, and a policy says which give way first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from penchant.core import UsageError

Parts = Mapping[str, str | Sequence[str]]
"""Name -> a text, which loses its last words, or several (a history), which lose the oldest."""

ITEM_ORDER = (
    "description",
    "features",
    "tags",
    "categories",
    "category",
    "brand",
    "genres",
    "title",
)
"""Fields of an item, the first to give way first: the title is kept as long as anything else is."""

PROMPT_ORDER = ("history", "candidate")
"""Parts of a prompt likewise: the history loses its oldest first, then the candidate its end; the
instruction is never cut."""

# a word with the space before it, or one character of a script that writes no spaces
_UNIT = re.compile(
    r"\s*(?:[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
    r"|[^\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+)"
)


def fit_parts(
    parts: Parts,
    budget: int,
    order: Sequence[str],
    count: Callable[[str], int],
    render: Callable[[Parts], str] | None = None,
    keep: Mapping[str, int] | None = None,
) -> dict[str, str | Sequence[str]]:
    """Cut the parts of a text so that all of it, rendered, has at most ``budget`` tokens.

    The parts give way one after the other in ``order``; one is down to what ``keep`` grants it
    before the next is touched, and of each as much is kept as fits. A text loses words from its end
    (characters, in Chinese and Japanese); a sequence of texts, oldest first, loses whole texts from
    its beginning. What ``order`` does not name is kept whole. A text that fits is not changed.

    Args:
        parts: name -> text or texts.
        budget: most tokens of the rendered text, the tokenizer's own marks included where ``count``
            counts them.
        order: names, the first to give way first; names that are not among the parts do no harm.
        count: tokens of a text, such as ``token_counter(tokenizer)``.
        render: makes one text of the parts; by default those that are not empty, in their order,
            with a space between.
        keep: name -> words or texts that are kept of a part whatever happens; by default none.

    Returns:
        the parts, cut, in the same order.

    Raises:
        UsageError: what may not be cut alone is longer than the budget.

    >>> def words(text):
    ...     return len(text.split())
    >>> film = {"title": "The Red Comet", "genres": "Drama War", "description": "Two planets at war"}
    >>> fit_parts(film, 7, ITEM_ORDER, words)
    {'title': 'The Red Comet', 'genres': 'Drama War', 'description': 'Two planets'}
    >>> fit_parts(film, 4, ITEM_ORDER, words)
    {'title': 'The Red Comet', 'genres': 'Drama', 'description': ''}
    >>> asked = {"instruction": "Liked:", "history": ["Alien", "Heat", "Up"], "candidate": "Big"}
    >>> fit_parts(asked, 4, PROMPT_ORDER, words)["history"]
    ['Heat', 'Up']
    """
    write = render or joined
    cut: dict[str, str | Sequence[str]] = dict(parts)

    def fits(name: str, units: int) -> bool:
        return count(write({**cut, name: _kept(parts[name], units)})) <= budget

    if count(write(cut)) <= budget:
        return cut
    for name in order:
        if name not in cut:
            continue
        most = _units(parts[name])
        least = min(most, (keep or {}).get(name, 0))
        if fits(name, least):
            cut[name] = _kept(parts[name], _most(partial(fits, name), least, most))
            return cut
        cut[name] = _kept(parts[name], least)
    length = count(write(cut))
    raise UsageError(
        f"a text of {length} tokens does not fit into {budget}, though {_told(order)} gave way as far "
        "as allowed. Name more parts in the order, keep less of them, or raise the budget."
    )


def joined(parts: Parts) -> str:
    """The parts that are not empty, in their order, with a space between."""
    texts = [part if isinstance(part, str) else " ".join(part) for part in parts.values()]
    return " ".join(text for text in texts if text)


def token_counter(tokenizer: Any) -> Callable[[str], int]:
    """A function that counts a text's tokens, the marks that the tokenizer adds included.

    Args:
        tokenizer: such as ``Backbone.tokenizer`` or ``LanguageModel.tokenizer``.
    """

    def count(text: str) -> int:
        return len(tokenizer(text, truncation=False, verbose=False)["input_ids"])

    return count


def _units(part: str | Sequence[str]) -> int:
    return len(_UNIT.findall(part)) if isinstance(part, str) else len(part)


def _kept(part: str | Sequence[str], units: int) -> str | Sequence[str]:
    """The first words of a text, or the newest of several texts."""
    if not isinstance(part, str):
        return part[len(part) - units :]
    ends = [found.end() for found in _UNIT.finditer(part)]
    if units >= len(ends):
        return part
    return part[: ends[units - 1]] if units else ""


def _most(fits: Callable[[int], bool], low: int, high: int) -> int:
    """The largest number that fits, by bisection; ``low`` does, ``high`` does not."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _told(order: Sequence[str]) -> str:
    return ", ".join(map(repr, order)) or "nothing"
