"""Training that goes wrong is stopped at once, with advice."""

from __future__ import annotations

import math

from penchant.core import TrainingFailed

from .settings import LoopConfig

START = 20
"""Steps whose mean loss is the start that later losses are compared with."""

MEMORY = 0.95
"""Weight of the past in the smoothed loss: about the last twenty steps."""


class Guard:
    """Looks at each step's loss and gradient."""

    def __init__(self, config: LoopConfig) -> None:
        self._config = config
        self._first: list[float] = []
        self._smooth = 0.0

    def loss(self, value: float, step: int, epoch: int) -> None:
        """Check the loss of a batch.

        Raises:
            TrainingFailed: it is not a finite number.
        """
        if not math.isfinite(value):
            raise TrainingFailed(
                f"the loss became {value} in epoch {epoch}, step {step}, at learning rate "
                f"{self._config.learning_rate:g}. Try a tenth of that rate, or look for extreme "
                "values in the events' weights."
            )

    def gradient(self, norm: float, step: int, epoch: int) -> None:
        """Check the norm of a step's gradient, before the optimiser uses it.

        Raises:
            TrainingFailed: it is not a finite number.
        """
        if not math.isfinite(norm):
            advice = "Try a tenth of that rate, or look for a root or logarithm of 0 in the loss"
            if self._config.precision != "float32":
                advice += ', or take precision="float32"'
            raise TrainingFailed(
                f"the gradient became {norm} in epoch {epoch}, step {step}, at learning rate "
                f"{self._config.learning_rate:g}; the weights are as they were before. {advice}."
            )

    def trend(self, loss: float, step: int, epoch: int) -> None:
        """See the loss of one step more.

        Raises:
            TrainingFailed: the smoothed loss has risen far above its start.
        """
        if len(self._first) < START:
            self._first.append(loss)
            self._smooth = sum(self._first) / len(self._first)
            return
        self._smooth = MEMORY * self._smooth + (1 - MEMORY) * loss
        start = sum(self._first) / START
        limit = start + self._config.explosion * max(abs(start), 0.1)
        if self._config.explosion and self._smooth > limit:
            raise TrainingFailed(
                f"the loss rose from {start:.3g} to {self._smooth:.3g} by epoch {epoch}, step "
                f"{step}, at learning rate {self._config.learning_rate:g}: training diverges. Try a "
                "third of that rate, a longer warm-up (warmup_steps), or a smaller clip. "
                "penchant.tune.find_rate measures which rates work; explosion=0 turns this off."
            )
