"""Which learning rates work: the loss while the rate rises from very small to too large."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from torch import Tensor, nn

from penchant.core import TrainingFailed, UsageError

from .devices import Alone
from .history import Lessons
from .randomness import random_state, set_random_state
from .settings import LoopConfig
from .snapshots import put_back, snapshot
from .step import Step

Batch = TypeVar("Batch")

SMOOTHING = 0.9
"""Weight of the past in the smoothed loss."""

START = 9
"""Steps after which the smoothed loss is the start that an explosion is measured from."""


@dataclass(frozen=True, slots=True)
class RateCurve:
    """Losses by learning rate.

    Attributes:
        rates: learning rates, rising.
        losses: the smoothed loss before the step at each.
        suggestion: where the smoothed loss falls fastest, before its least value.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    suggestion: float


def find_rate(  # noqa: PLR0913 -- what train takes, and the range
    network: nn.Module,
    lessons: Lessons[Batch],
    loss_of: Callable[[Batch], tuple[Tensor, int]],
    config: LoopConfig,
    *,
    low: float = 1e-6,
    high: float = 1.0,
    steps: int = 100,
) -> RateCurve:
    """Train some steps with a rate that rises, and leave everything as it was.

    The network's weights, its mode and every generator are put back; ``lessons.also`` is not.

    Source: L. Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017; the rule
    for the suggestion as in fastai.

    Args:
        network: what would be trained.
        lessons: what it would be trained on; begun anew where an epoch is shorter than ``steps``.
        loss_of: as for ``train``.
        config: as for ``train``; its rate, warm-up, schedule and
            adversarial training do not count.
        low: the first learning rate.
        high: the last one, if the loss does not explode before.
        steps: at most.

    Raises:
        UsageError: the range is none, or not even the lowest rate works.
    """
    if not 0 < low < high or steps < 10:
        raise UsageError("find_rate needs 0 < low < high and at least 10 steps.")
    training, weights, states = network.training, snapshot(network), random_state(lessons.rngs)
    flat = replace(config, explosion=0.0, adversarial=None)
    rates, losses = [], []
    try:
        network.train()
        step = Step(network, loss_of, flat, Alone())
        smooth = 0.0
        batches = _endless(lessons, config.accumulate)
        for number, some in enumerate(itertools.islice(batches, steps)):
            rate = low * (high / low) ** (number / (steps - 1))
            try:
                loss = step(some, 0, 0.0, rate).loss
            except TrainingFailed:
                break  # the rates end here
            smooth = SMOOTHING * smooth + (1 - SMOOTHING) * loss
            rates.append(rate)
            losses.append(smooth / (1 - SMOOTHING ** (number + 1)))
            start = losses[min(number, START)]
            if number > START and losses[-1] > start + 3 * max(abs(start), 0.1):
                break
    finally:
        put_back(network, weights)
        network.zero_grad(set_to_none=True)
        network.train(training)
        set_random_state(states, lessons.rngs)
    if len(rates) < 5:
        raise UsageError(
            f"the loss explodes at a learning rate of {low:g} already: try a lower one."
        )
    return RateCurve(tuple(rates), tuple(losses), _steepest(rates, losses))


def _steepest(rates: list[float], losses: list[float]) -> float:
    """Where the loss falls fastest over the logarithm of the rate, before its least value."""
    least = max(losses.index(min(losses)), 2)
    # the slope over two steps: the first and last have no neighbour on one side
    slopes = [losses[i + 1] - losses[i - 1] for i in range(1, min(least + 1, len(losses) - 1))]
    return rates[1 + slopes.index(min(slopes))]


def _endless(lessons: Lessons[Batch], at_once: int) -> Iterator[list[Batch]]:
    while True:
        left = iter(lessons.batches())
        some = list(itertools.islice(left, at_once))
        if not some:
            raise UsageError("there are no batches to learn from.")
        while some:
            yield some
            some = list(itertools.islice(left, at_once))
