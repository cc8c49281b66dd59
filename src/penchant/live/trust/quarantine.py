"""A data set without what is not believed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from penchant.data import Dataset

from .config import TrustConfig
from .verdict import Verdict, judge


def quarantine(dataset: Dataset, config: TrustConfig | None = None) -> tuple[Dataset, Verdict]:
    """The data set that a model may learn from, and a report of who was left out and why.

    Users and items keep their codes: a user who is left out is one without events. Events that are
    only weighed down keep that share of their weight, which the models that count read.

    Args:
        dataset: what was read or exported.
        config: the thresholds.
    """
    verdict = judge(dataset.interactions, config)
    if (verdict.weights == 1.0).all():
        return dataset, verdict
    events = dataset.interactions.events
    weighed = replace(events, weight=(events.weight * verdict.weights).astype(np.float32))
    left = dataset.interactions.with_events(weighed.where(verdict.weights > 0))
    note = (
        f"trust: {len(verdict.quarantined):,} users and {int((verdict.weights == 0).sum()):,} "
        "events were left out"
    )
    return replace(dataset, interactions=left, notes=(*dataset.notes, note)), verdict
