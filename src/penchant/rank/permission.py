"""Which items may be listed for a request, and what keeps one from it."""

from __future__ import annotations

import numpy as np

from .compiled import Compiled
from .context import Context, Decision
from .fields import ItemFields
from .filters import filter_of
from .masks import Mask, Rows
from .seen import SeenRules


class Permission:
    """Availability, include and exclude rules, what was seen, and what the request says.

    Args:
        rules: worked out for every item.
        seen: how long an item is hidden after an event.
        fields: the columns that the filter of a request may name.
    """

    def __init__(self, rules: Compiled, seen: SeenRules, fields: ItemFields) -> None:
        self._rules, self._seen, self._fields = rules, seen, fields

    def mask(self, rows: Rows, context: Context) -> Mask | None:
        """Whether each of some items may be listed; None where all may.

        Raises:
            UsageError: the filter of the request is wrong.
        """
        found = None if self._rules.listable is None else self._rules.listable[rows]
        if context.filter:
            asked = filter_of(context.filter, self._fields).mask(rows)
            found = asked if found is None else found & asked
        hidden = self._seen.hidden(context.seen, context.now)
        if len(context.exclude):
            hidden = np.concatenate([hidden, context.exclude])
        hidden = hidden[hidden >= 0]
        if not len(hidden):
            return found
        if isinstance(rows, slice):
            found = np.ones(len(self._fields), np.bool_)[rows] if found is None else found.copy()
            found[hidden] = False
            return found
        flags = np.zeros(len(self._fields), np.bool_)  # empty pages cost nothing until written to
        flags[hidden] = True
        kept = ~flags[rows]
        return kept if found is None else found & kept

    def why_not(self, code: int, context: Context) -> tuple[Decision, ...]:
        """Everything that keeps an item from being listed; empty where nothing does."""
        rows = np.array([code])
        reasons = [reason for test, reason in self._rules.bars if not test.mask(rows)[0]]
        if context.filter:
            asked = filter_of(context.filter, self._fields)
            if not asked.mask(rows)[0]:
                reasons.append(f"the request asks for {asked}")
        if code in context.exclude:
            reasons.append("excluded by the request")
        found = tuple(Decision("allowed", reason, code) for reason in reasons)
        seen = self._seen.reason(code, context.seen, context.now)
        return (*found, Decision("seen", seen, code)) if seen else found
