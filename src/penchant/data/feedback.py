"""Which events count, and how much, in words such as ``rating >= 4`` or ``purchase * 3``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.core import UsageError

from .columns import EVENT, ITEM, USER, VALUE, WHEN, near

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)"
_RULE = re.compile(
    rf"\s*(?P<name>[^\W\d][\w-]*)\s*(?:(?P<op>>=|<=|==|!=|>|<)\s*(?P<bound>{_NUMBER}))?"
    rf"\s*(?:\*\s*(?P<weight>{_NUMBER}))?\s*"
)
_COMPARE: dict[str, Callable[[NDArray[np.float64], float], NDArray[np.bool_]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One expression taken apart.

    Attributes:
        name: a kind of event, or a column of numbers.
        op: how its value is compared; None where the event alone counts.
        bound: what it is compared with.
        weight: how much an event counts that the rule lets through.
    """

    name: str
    op: str | None = None
    bound: float = 0.0
    weight: float = 1.0


def parse_feedback(expression: str) -> Rule:
    """Take an expression apart: a name, optionally compared with a number, optionally times one.

    >>> parse_feedback("rating >= 4")
    Rule(name='rating', op='>=', bound=4.0, weight=1.0)
    >>> parse_feedback("purchase * 3").weight
    3.0

    Raises:
        UsageError: the expression reads otherwise, or the weight is not above zero.
    """
    found = _RULE.fullmatch(expression)
    if found is None:
        raise UsageError(
            f"feedback {expression!r}: not understood. Write a kind of event or a column, such as "
            "'click', 'rating >= 4' or 'purchase * 3'."
        )
    weight = float(found["weight"] or 1)
    if weight <= 0:
        raise UsageError(f"feedback {expression!r}: a weight must be above 0.")
    return Rule(found["name"], found["op"], float(found["bound"] or 0), weight)


def weights(events: pl.DataFrame, feedback: Sequence[str]) -> NDArray[np.float32]:
    """How much each event counts, (events,); 0 where no rule lets it through.

    A name is a kind of event where there are events of that kind, compared by their ``value``;
    else a column of numbers. Where several rules let an event through, the first counts.

    Raises:
        UsageError: a rule cannot be read, or names neither a kind of event nor a column.
    """
    total = np.zeros(events.height, np.float32)
    kinds = events[EVENT].unique(maintain_order=True).to_list()
    for expression in feedback:
        rule = parse_feedback(expression)
        total = np.where(total > 0, total, _passes(events, rule, kinds) * np.float32(rule.weight))
    return total


def _passes(events: pl.DataFrame, rule: Rule, kinds: list[str]) -> NDArray[np.bool_]:
    columns = [c for c in events.columns if c not in (USER, ITEM, EVENT, WHEN)]
    if rule.name in kinds:
        right_kind = (events[EVENT] == rule.name).to_numpy()
        values = events[VALUE]
    elif rule.name in columns and rule.op is not None:
        right_kind = np.ones(events.height, bool)
        values = events[rule.name]
    else:
        names = [*kinds, *columns]
        guess = near(rule.name, names)
        hint = f"Kinds of event: {', '.join(kinds)}; columns: {', '.join(columns)}."
        if rule.name in columns:
            hint = f"Compare the column with a number, such as '{rule.name} > 0'."
        elif guess:
            hint = f"Did you mean {guess!r}?"
        raise UsageError(f"feedback {rule.name!r}: no such kind of event or column. {hint}")
    if rule.op is None:
        return right_kind
    if values.dtype.is_nested():
        raise UsageError(f"feedback {rule.name!r}: the column holds {values.dtype}, not numbers.")
    numbers = values.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
    if len(numbers) and np.isnan(numbers[right_kind]).all():
        raise UsageError(
            f"feedback {rule.name!r}: its events have no numbers to compare. "
            f"Give them in a column {VALUE!r}, or write {rule.name!r} alone."
        )
    passes: NDArray[np.bool_] = right_kind & ~np.isnan(numbers)
    return passes & _COMPARE[rule.op](numbers, rule.bound)
