"""What a greedy choice weighs: relevance, diversity and calibration."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .calibration import SharedOut
from .diversity import Diversity


class Terms:
    """The sum that the next item has most of.

    ``(1 - c) ((1 - w) relevance + w diversity) + c calibration``

    Args:
        relevance: from 1 down to 0 (n,).
        diversity: what unlikeness adds, with its weight w; None for none.
        calibration: what the right shares add, with its weight c; None for none.
    """

    def __init__(
        self,
        relevance: NDArray[np.float32],
        diversity: tuple[Diversity, float] | None = None,
        calibration: tuple[SharedOut, float] | None = None,
    ) -> None:
        self.diversity = diversity[0] if diversity else None
        self.calibration = calibration[0] if calibration else None
        w, c = diversity[1] if diversity else 0.0, calibration[1] if calibration else 0.0
        self._relevance = np.float32((1 - c) * (1 - w)) * relevance
        self._weights = np.float32((1 - c) * w), np.float32(c)

    def gains(self) -> NDArray[np.float32]:
        """The sum for each candidate now, (n,)."""
        total = self._relevance
        if self.diversity is not None:
            total = total + self._weights[0] * self.diversity.gains()
        if self.calibration is not None:
            total = total + self._weights[1] * self.calibration.gains()
        return total

    def take(self, index: int) -> None:
        """The candidate at ``index`` was placed."""
        if self.diversity is not None:
            self.diversity.take(index)
        if self.calibration is not None:
            self.calibration.take(index)

    @property
    def steady(self) -> bool:
        """Whether the sum stays as it is while items are placed."""
        return self.diversity is None and self.calibration is None

    @property
    def names(self) -> str:
        """What is weighed besides relevance, in words."""
        parts = ["diversity"] * (self.diversity is not None)
        parts += ["calibration"] * (self.calibration is not None)
        return " and ".join(parts)
