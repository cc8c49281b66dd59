"""When events happened, as seconds since 1970 (UTC)."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .columns import TIME
from .problems import Problems
from .table import Table

ISO = (
    "%+",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M%#z",
    "%Y-%m-%d %H:%M%#z",
)
UNITS = ((1e17, "nanoseconds", 1e9), (1e14, "microseconds", 1e6), (1e11, "milliseconds", 1e3))
"""From this number on it cannot be seconds (1e11 s is the year 5138), and what it is instead."""
DAY = 86_400.0
HOW = "Write seconds since 1970 or ISO 8601, such as 2024-05-31T18:00:00Z."


def seconds(table: Table, now: float, problems: Problems) -> NDArray[np.float64]:
    """The column ``timestamp`` as seconds since 1970, (rows,).

    Numbers are seconds; numbers too large for that are milli-, micro- or nanoseconds, which a note
    says. Text is ISO 8601; without a time zone it is UTC.

    Args:
        table: the events.
        now: seconds since 1970; nothing may have happened more than a day later.
        problems: takes what is wrong.
    """
    column = table.frame[TIME]
    if column.dtype in (pl.Duration, pl.Time, pl.Boolean, pl.Object) or column.dtype.is_nested():
        problems.add(table.where, None, f"{TIME} holds {column.dtype}", HOW)
        return np.zeros(len(column))
    if column.dtype.is_temporal():
        parsed = column.cast(pl.Datetime("us")).dt.epoch("us") / 1e6
    else:
        parsed = column.cast(pl.Float64, strict=False)
        if column.dtype == pl.String and parsed.null_count() > column.null_count():
            parsed = parsed.fill_null(_dates(column))
    times = parsed.to_numpy().astype(np.float64)
    problems.rows(
        table,
        TIME,
        ~np.isfinite(times),
        "{value} is no time",
        HOW,
    )
    if problems.rows(table, TIME, _dates_as_numbers(times), "{value} looks like a date", HOW):
        return times
    times = _in_seconds(table, times, problems)
    today = datetime.fromtimestamp(now, UTC).date().isoformat()
    problems.rows(
        table,
        TIME,
        np.isfinite(times) & (times > now + DAY),
        "{value} lies in the future",
        f"Today is {today}; remove the event or mend its time.",
    )
    problems.rows(
        table, TIME, times < 0, "{value} lies before 1970", "Remove the event or mend its time."
    )
    return times


def _in_seconds(
    table: Table, times: NDArray[np.float64], problems: Problems
) -> NDArray[np.float64]:
    usual = np.median(times[times > 0]) if (times > 0).any() else 0.0  # a slip or two do not count
    if usual < UNITS[-1][0]:
        return times
    least, name, a_second = next(unit for unit in UNITS if usual >= unit[0])
    odd = (times < least) & (times > 0)
    if problems.rows(
        table,
        TIME,
        odd,
        f"{{value}} is not in {name} as other times are",
        "Write all times in seconds.",
    ):
        return np.where(times >= least, times / a_second, times)
    problems.note(f"{table.where}: {TIME} holds {name}; divided by {a_second:,.0f}.")
    return np.asarray(times / a_second)


def _dates_as_numbers(times: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Rows such as 20240531, where all are: as seconds they would lie in August 1970."""
    year, rest = np.divmod(np.where(np.isfinite(times), times, 0), 10_000)
    month, day = np.divmod(rest, 100)
    inside = (year >= 1970) & (year < 2100) & (month >= 1) & (month <= 12) & (day >= 1) & (day < 32)
    return np.asarray(inside if inside.all() else np.zeros(len(times), np.bool_))


def _dates(column: pl.Series) -> pl.Series:
    """ISO 8601 as seconds; null where it is not."""
    parsed = pl.Series(TIME, [None] * len(column), pl.Float64)
    for form in ISO:
        missing = parsed.is_null()
        if not missing.any():
            break
        rows = column.filter(missing)
        found = rows.str.to_datetime(form, strict=False, time_zone="UTC", time_unit="us")
        parsed = parsed.scatter(missing.arg_true(), found.dt.epoch("us") / 1e6)
    return parsed
