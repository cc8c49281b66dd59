"""The learning rate over time, as a factor of the rate that was asked for."""

from __future__ import annotations

import math


def factor(schedule: str, step: int, warmup: int, progress: float) -> float:
    """What the learning rate is multiplied with in one step.

    The decay is told by the share of all examples rather than of steps, so that batches of any
    number and size fall to zero at the end of the last epoch.

    Args:
        schedule: ``"constant"``, ``"linear"`` or ``"cosine"`` (Loshchilov and Hutter 2017, one
            cycle).
        step: of the optimiser, from 1.
        warmup: steps over which the rate rises from zero.
        progress: share of all epochs' examples that were learned from before, 0 to 1.

    >>> [round(factor("linear", step, 2, (step - 1) / 4), 3) for step in (1, 2, 3, 4)]
    [0.5, 0.75, 0.5, 0.25]
    """
    rising = min(1.0, step / warmup) if warmup else 1.0
    done = min(1.0, progress)
    if schedule == "linear":
        return rising * (1.0 - done)
    if schedule == "cosine":
        return rising * 0.5 * (1.0 + math.cos(math.pi * done))
    return rising
