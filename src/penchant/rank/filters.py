"""The language of filters: what a request, and every rule, says about items.

A filter is a mapping from column to test, and holds for an item where every test does:

==================================  ==================================================
``{"category": "Books"}``           the value is this one, or is among the item's
``{"category": ["Books", "Toys"]}``  any of these
``{"price": {"max": 20}}``          at most, ``min`` at least; both may stand; dates too
``{"brand": {"not": "Acme"}}``      the test inside does not hold
``{"brand": None}``                 there is no value
==================================  ==================================================

An item without a value passes no test but ``None`` and ``not``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from penchant.core import UsageError, did_you_mean

from .columns import Column, IdColumn
from .fields import ItemFields
from .masks import ALL, Holds, Mask, Rows
from .wording import either

_KEYS = ("min", "max", "not")


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter, checked against the columns of a catalogue.

    Attributes:
        tests: each must hold.
        text: the filter in words, such as ``"category is 'Books' and price is at most 20"``.
    """

    tests: tuple[Holds, ...]
    text: str

    def mask(self, rows: Rows = ALL) -> Mask:
        """Whether it holds for each of some items."""
        found = self.tests[0](rows)
        for test in self.tests[1:]:
            found = found & test(rows)
        return found

    def __str__(self) -> str:
        return self.text


def filter_of(tests: Mapping[str, object], fields: ItemFields) -> Filter:
    """A filter from plain values, as they come from TOML or JSON.

    >>> from penchant.core import IdMap
    >>> fields = ItemFields(IdMap(["a", "b"]), {"price": [3, 30]})
    >>> filter_of({"price": {"max": 20}}, fields).mask().tolist()
    [True, False]

    Raises:
        UsageError: an unknown column (with the near name), a value of another kind than the column
            holds, or a test that says nothing.
    """
    if not isinstance(tests, Mapping):
        raise UsageError(f'a filter is a table such as {{"category": "Books"}}, got {tests!r}.')
    if not tests:
        raise UsageError("the filter is empty: it holds for every item. Leave it out.")
    made = [_test(fields.column(name), test) for name, test in tests.items()]
    return Filter(tuple(holds for holds, _ in made), " and ".join(text for _, text in made))


def _test(column: Column | IdColumn, test: object) -> tuple[Holds, str]:
    if isinstance(test, Mapping):
        return _compared(column, test)
    if test is None:
        return column.missing(), f"{column.name} is not known"
    values = list(test) if isinstance(test, list | tuple) else [test]
    if not values:
        raise UsageError(f"{column.name} is asked for any of no values: no item passes.")
    for value in values:
        if not isinstance(value, str | int | float | date):  # bool is an int, datetime a date
            raise UsageError(
                f"{column.name} is asked for {value!r}: write text, a number, true or false, a list "
                'of these, or a table such as {"max": 20}.'
            )
    return column.any_of(values), f"{column.name} is {either(values)}"


def _compared(column: Column | IdColumn, test: Mapping[str, object]) -> tuple[Holds, str]:
    for key in test:
        if key not in _KEYS:
            raise UsageError(
                f"{column.name} is compared by {key!r}{did_you_mean(key, _KEYS)} "
                f"Known: {', '.join(_KEYS)}."
            )
    if "not" in test:
        if len(test) > 1:
            raise UsageError(f"{column.name}: 'not' stands alone. Write {{not = {{min = 1}}}}.")
        return _negated(column, test["not"])
    low, high = test.get("min"), test.get("max")
    if low is None and high is None:
        raise UsageError(f"{column.name} is compared with nothing: give min, max or both.")
    parts = [f"at least {low}"] * (low is not None) + [f"at most {high}"] * (high is not None)
    return column.between(low, high), f"{column.name} is {' and '.join(parts)}"


def _negated(column: Column | IdColumn, test: object) -> tuple[Holds, str]:
    if isinstance(test, Mapping) and "not" in test:
        raise UsageError(f"{column.name}: 'not' inside 'not'. Leave both out.")
    holds, text = _test(column, test)
    return lambda rows: np.logical_not(holds(rows)), f"not ({text})"
