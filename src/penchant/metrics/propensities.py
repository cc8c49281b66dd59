"""What was logged of a policy that drew, and how another policy weighs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError

Floats = NDArray[np.float64]
Assumption = Literal["item-position", "cascade"]


@dataclass(frozen=True, slots=True)
class Logged:
    """Shown items, a row each.

    What the reward at a position depends on has to be assumed, as whole lists hardly ever repeat:

    - ``"item-position"``: on the item and its position alone (Li et al., 2018, "Offline evaluation of
      ranking policies with click models"). ``propensity`` is the chance that the item stands there.
    - ``"cascade"``: on the items above it too, as somebody reads from the top (McInerney et al., 2020;
      Kiyohara et al., 2022). ``propensity`` is the chance of the item given those above it, and the
      weight of a position is the product down to it; without bias under less, of higher variance.

    For single items both are the same.

    Attributes:
        reward: what came of each, such as 1 for a click, (rows,).
        propensity: the chance with which the logging policy showed it, above 0, (rows,).
        target: the chance with which the other policy would have, (rows,).
        lists: which list each row belongs to, any ids, (rows,); None where each row is a list.
        position: its place in the list, 0 at the top, (rows,); None where each row is a list.
        users: whose list it is, any ids, (rows,); None where each list has a user of its own.
        assume: see above.
        clip: the greatest weight of a row (Ionides, 2008); None for none. It lowers the variance at
            the price of a bias, which ``Estimate.clipped`` bounds for rewards up to 1.

    Raises:
        UsageError: rows that do not match, a propensity that is none, or a reward that is no number.
    """

    reward: Floats
    propensity: Floats
    target: Floats
    lists: NDArray[Any] | None = None
    position: NDArray[np.integer] | None = None
    users: NDArray[Any] | None = None
    assume: Assumption = "item-position"
    clip: float | None = None

    def __post_init__(self) -> None:
        rows = len(self.reward)
        others = (self.propensity, self.target, self.lists, self.position, self.users)
        if any(one is not None and len(one) != rows for one in others):
            raise UsageError(
                f"all columns of what was logged must have {rows} rows, as the rewards"
            )
        if (self.lists is None) != (self.position is None):
            raise UsageError("lists and position belong together: give both or neither")
        if not np.isfinite(self.reward).all():
            raise UsageError("a reward is not a finite number")
        wrong = ~((self.propensity > 0) & (self.propensity <= 1))
        if wrong.any():
            raise UsageError(
                f"row {int(np.argmax(wrong))}: the propensity {self.propensity[np.argmax(wrong)]} does "
                "not lie above 0 and up to 1. Leave out rows that were not drawn."
            )
        if not ((self.target >= 0) & (self.target <= 1)).all():
            raise UsageError("a probability of the other policy lies outside 0 .. 1")
        if self.assume not in ("item-position", "cascade"):
            raise UsageError(f"assume is 'item-position' or 'cascade', got {self.assume!r}")
        if self.clip is not None and not self.clip > 0:
            raise UsageError(f"weights are clipped above 0, got {self.clip}")

    def weights(self) -> Weights:
        """How the other policy weighs each row."""
        rows = len(self.reward)
        ratio = np.asarray(self.target / self.propensity, np.float64)
        if self.lists is None or self.position is None:
            row_list, position = np.arange(rows), np.zeros(rows, np.int64)
        else:
            _, row_list = np.unique(self.lists, return_inverse=True)
            position = np.asarray(self.position, np.int64)
        before = np.ones(rows)
        if self.assume == "cascade" and self.lists is not None:
            ratio, before = _products(ratio, row_list, position)
        weight = ratio if self.clip is None else np.minimum(ratio, self.clip)
        if self.clip is not None:
            before = np.minimum(before, self.clip)
        whole = float(ratio.sum())
        clipped = 1 - float(weight.sum()) / whole if whole else 0.0
        count = int(row_list.max()) + 1 if rows else 0
        return Weights(weight, before, row_list, position, count, clipped)


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each row counts.

    Attributes:
        weight: (rows,).
        before: the weight of what stands above it in its list; 1 under ``"item-position"``, (rows,).
        row_list: codes of the lists, (rows,).
        position: (rows,).
        lists: how many there are.
        clipped: share of the weight that was cut off.
    """

    weight: Floats
    before: Floats
    row_list: NDArray[np.intp]
    position: NDArray[np.int64]
    lists: int
    clipped: float

    def sums(self, values: Floats) -> Floats:
        """The sum of the rows of each list, (lists,)."""
        sums = np.bincount(self.row_list, weights=values, minlength=self.lists)
        return sums.astype(np.float64)

    def effective(self) -> float:
        """Kish's effective sample size: the least of all positions."""
        total = np.bincount(self.position, weights=self.weight)
        squares = np.bincount(self.position, weights=self.weight**2)
        there = np.bincount(self.position) > 0
        sizes = np.divide(total**2, squares, out=np.zeros(len(total)), where=squares > 0)
        return float(sizes[there].min()) if there.any() else 0.0

    def mean(self) -> float:
        """Mean of the weights of the rows."""
        return float(self.weight.mean()) if len(self.weight) else 0.0

    def error(self) -> float:
        """Standard error of that mean, as if rows were independent."""
        rows = len(self.weight)
        return float(self.weight.std(ddof=1)) / rows**0.5 if rows > 1 else 0.0


def _products(
    ratio: Floats, row_list: NDArray[np.intp], position: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Products of the ratios down to each row, with it and without it."""
    order = np.lexsort((position, row_list))
    down, above = np.empty(len(ratio)), np.empty(len(ratio))
    product, last = 1.0, -1
    for row in order.tolist():
        if row_list[row] != last:
            product, last = 1.0, int(row_list[row])
        above[row] = product
        product *= float(ratio[row])
        down[row] = product
    return down, above
