"""What may be asked for when a data set is read."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from penchant.core import UsageError

from .events import OnUnknown
from .feedback import parse_feedback


class Options(TypedDict, total=False):
    """Settings that every loader takes, as :func:`penchant.data.read` documents them."""

    feedback: str | Sequence[str] | None
    template: str | None
    k_core: int
    unknown_items: OnUnknown
    now: float | None


@dataclass(frozen=True)
class Settings:
    """The same settings, checked.

    Attributes:
        feedback: which events count; all where empty.
        template: the text of an item; made from the columns where None.
        k_core: users and items with fewer events are left out.
        unknown_items: what to do about events of items outside the catalogue.
        now: seconds since 1970.
    """

    feedback: tuple[str, ...]
    template: str | None
    k_core: int
    unknown_items: OnUnknown
    now: float


def checked(options: Options) -> Settings:
    """The settings, with defaults for what is not given.

    Raises:
        UsageError: a setting is wrong.
    """
    rules = _rules(options.get("feedback"))
    k = options.get("k_core", 0)
    if k < 0:
        raise UsageError(f"k_core={k}: write 0 for no filter, or a number of events such as 5.")
    unknown = options.get("unknown_items", "error")
    if unknown not in ("error", "drop"):
        raise UsageError(f"unknown_items={unknown!r}: write 'error' or 'drop'.")
    now = options.get("now")
    return Settings(rules, options.get("template"), k, unknown, time.time() if now is None else now)


def _rules(feedback: object) -> tuple[str, ...]:
    if feedback is None:
        return ()
    rules = (feedback,) if isinstance(feedback, str) else feedback
    if not isinstance(rules, Sequence) or not all(isinstance(rule, str) for rule in rules):
        raise UsageError(f"feedback={feedback!r}: write an expression, or a list of expressions.")
    for rule in rules:
        parse_feedback(rule)
    return tuple(rules)


def check_encoding(encoding: str) -> str:
    """The encoding, if Python knows it.

    Raises:
        UsageError: it does not.
    """
    try:
        "a".encode(encoding)  # also refuses codecs that are not of text, such as base64
    except LookupError:
        raise UsageError(
            f"encoding={encoding!r}: unknown. Write 'utf-8', 'latin-1', 'gb18030', 'cp1252', ..."
        ) from None
    return encoding
