"""Moments as catalogues, TOML and JSON write them, as seconds since 1970 (UTC)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

DAY = 86_400.0
_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""From this size on a number cannot be seconds (1e11 s is the year 5138), and what divides it."""
_YEARS = (1800, 2200)
"""Numbers between these are years: as seconds they would be minutes after 1970 began."""


def seconds(value: object) -> float:
    """One moment as seconds since 1970; NaN where the value is none.

    Text is ISO 8601, UTC where it names no zone. A bare number is seconds, or milli-, micro- or
    nanoseconds where it is too large for that, or a year.

    >>> seconds("1970-01-02"), seconds(1_700_000_000_000), seconds(1971), seconds("soon")
    (86400.0, 1700000000.0, 31536000.0, nan)
    """
    if isinstance(value, bool):
        return float("nan")
    if isinstance(value, int | float):
        return float(seconds_of_numbers(np.array([value], np.float64))[0])
    if isinstance(value, date):  # a datetime is a date too
        moment = value if isinstance(value, datetime) else datetime(*value.timetuple()[:3])  # noqa: DTZ001 -- the zone is set below
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, str):
        return _parsed(value.strip())
    return float("nan")


def seconds_of(values: Iterable[object]) -> NDArray[np.float64]:
    """Many moments as seconds since 1970 (n,); NaN where a value is none."""
    return np.array([seconds(value) for value in values], np.float64)


def seconds_of_numbers(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bare numbers as seconds since 1970, each by its size (n,)."""
    found = numbers.copy()
    for least, a_second in _UNITS:
        np.divide(found, a_second, out=found, where=found >= least)
    years = (numbers >= _YEARS[0]) & (numbers <= _YEARS[1])
    if years.any():
        found[years] = (numbers[years] - 1970).astype("datetime64[Y]").astype("datetime64[s]")
    return found


def _parsed(text: str) -> float:
    if len(text) == 4 and text.isdecimal():
        return seconds(int(text))
    try:
        return seconds(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return float("nan")
