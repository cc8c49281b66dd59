"""What ``penchant fit --without-suspects`` leaves out, and says of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .output import note

if TYPE_CHECKING:
    from penchant.data import Dataset

SHOWN = 5
"""Suspects told of each kind."""


def believed(train: Dataset, settings: Mapping[str, Any]) -> Dataset:
    """The training events without those that are not believed; who and why on standard error.

    Args:
        train: what was read.
        settings: the table ``[trust]`` of a penchant.toml.

    Raises:
        UsageError: an unknown setting, or one out of range.
    """
    from penchant.live.trust import TrustConfig, quarantine
    from penchant.models import configure

    left, verdict = quarantine(train, configure(TrustConfig, settings))
    if not verdict.suspects:
        note("trust: nobody is suspected")
        return left
    told: Counter[str] = Counter()
    for one in verdict.suspects:
        told[one.reason] += 1
        if told[one.reason] <= SHOWN:
            item = f", item {one.about}" if one.about else ""
            note(f"trust: {one.user_id}: {one.reason}{item}: {one.evidence}")
    for reason, count in told.items():
        if count > SHOWN:
            note(f"trust: and {count - SHOWN:,} more: {reason}")
    dropped = int((verdict.weights == 0).sum())
    note(
        f"trust: {len(verdict.quarantined):,} of {verdict.users:,} users are left out, "
        f"{dropped:,} of {len(verdict.weights):,} events"
    )
    return left
