"""Times as people type them."""

from __future__ import annotations

import re

from penchant.core import UsageError

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds_of(text: str, option: str, bare: str = "") -> float:
    """Seconds of ``90s``, ``30m``, ``1.5h`` or ``7d``.

    >>> seconds_of("1.5h", "--every")
    5400.0

    Args:
        text: as it was typed.
        option: where, for the message.
        bare: the unit of a number without one, such as ``"m"``; by default there must be one.

    Raises:
        UsageError: it is no such time, or not above zero.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", text.strip())
    unit = (found[2] or bare) if found else ""
    if not found or not unit or float(found[1]) <= 0:
        raise UsageError(f"{option} {text}: write a number and s, m, h or d, such as 30m.")
    return float(found[1]) * SECONDS[unit]
