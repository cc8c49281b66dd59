"""A column of numbers, of moments, or of true and false."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError

from .masks import Holds, Mask, Rows
from .moments import seconds, seconds_of_numbers

NumberKind = Literal["number", "true or false", "date"]


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """Numbers by item.

    Attributes:
        name: of the column.
        kind: what the numbers stand for; a date is held as seconds since 1970, false as 0.
        values: (items,) float64; NaN where an item has none.
    """

    name: str
    kind: NumberKind
    values: NDArray[np.float64]

    @classmethod
    def of(cls, name: str, kind: NumberKind, values: Sequence[object]) -> NumberColumn:
        """A column from plain values; None is a missing one."""
        return cls(name, kind, np.array([_number(value, kind) for value in values], np.float64))

    @property
    def wants(self) -> str:
        """What an error asks for."""
        return {"number": "a number", "date": "a date such as 2026-01-31"}.get(self.kind, self.kind)

    def any_of(self, values: Sequence[object]) -> Holds:
        """Whether an item has one of some values.

        Raises:
            UsageError: a value of another kind.
        """
        wanted = np.array([self._asked(value) for value in values], np.float64)

        def holds(rows: Rows) -> Mask:
            own = self.values[rows]
            return own == wanted[0] if len(wanted) == 1 else np.isin(own, wanted)

        return holds

    def between(self, low: object, high: object) -> Holds:
        """Whether an item's value lies between two bounds, both included; None for no bound.

        Raises:
            UsageError: a bound of another kind.
        """
        if self.kind == "true or false":
            raise UsageError(f"{self.name} is {self.kind}: that has no min and max.")
        values = self.values
        if self.kind == "number" and any(isinstance(bound, str | date) for bound in (low, high)):
            values = seconds_of_numbers(values)  # numbers that are moments, asked about by date
            least, most = _moment(self.name, low, -np.inf), _moment(self.name, high, np.inf)
        else:
            least = -np.inf if low is None else self._asked(low)
            most = np.inf if high is None else self._asked(high)

        def holds(rows: Rows) -> Mask:
            own = values[rows]
            return (own >= least) & (own <= most)  # NaN is neither

        return holds

    def missing(self) -> Holds:
        """Whether an item has no value."""
        return lambda rows: np.isnan(self.values[rows])

    def takes(self, value: object) -> bool:
        """Whether an item may have this value here; None may always be."""
        return value is None or not np.isnan(_number(value, self.kind))

    def updated(self, changes: Mapping[int, object], items: int) -> NumberColumn:
        """The column of ``items`` items with other values at some codes.

        A value of another kind counts as missing.
        """
        values = np.full(items, np.nan)
        values[: len(self.values)] = self.values
        for code, value in changes.items():
            values[code] = _number(value, self.kind)
        return replace(self, values=values)

    def moments(self) -> NDArray[np.float64]:
        """The values as seconds since 1970, (items,)."""
        return self.values if self.kind == "date" else seconds_of_numbers(self.values)

    def _asked(self, value: object) -> float:
        found = _number(value, self.kind)
        if np.isnan(found):
            raise UsageError(f"{self.name} is asked for {value!r}: write {self.wants}.")
        return found


def _number(value: object, kind: NumberKind) -> float:
    """A value as the number that stands for it; NaN where it is not of the kind."""
    if kind == "date":
        return seconds(value)
    if isinstance(value, bool):
        return float(value) if kind == "true or false" else float("nan")
    if kind == "number" and isinstance(value, int | float | Decimal):
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    return float("nan")


def _moment(name: str, bound: object, none: float) -> float:
    found = none if bound is None else seconds(bound)
    if np.isnan(found):
        raise UsageError(f"{name} is asked for {bound!r}: write a date such as 2026-01-31.")
    return found
