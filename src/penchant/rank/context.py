"""What the policy is told about one request, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError

Step = Literal[
    "allowed",
    "seen",
    "pin",
    "boost",
    "bury",
    "freshness",
    "diversity",
    "calibration",
    "cap",
    "fallback",
]
"""The part of the policy that decided."""


def _no_codes() -> NDArray[np.int64]:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody has done so far, one entry an event, in any order.

    Attributes:
        codes: item codes (events,); negative ones, of items outside the catalogue, count nowhere.
        kinds: kind of each event, such as ``"purchase"``.
        times: seconds since 1970 (events,); NaN where no time is known, which counts as now.
    """

    codes: NDArray[np.integer] = field(default_factory=_no_codes)
    kinds: Sequence[str] = ()
    times: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        object.__setattr__(self, "codes", np.asarray(self.codes, np.int64))
        object.__setattr__(self, "times", np.asarray(self.times, np.float64))
        if not len(self.codes) == len(self.kinds) == len(self.times):
            raise ValueError(
                f"{len(self.codes)} codes, {len(self.kinds)} kinds and {len(self.times)} times"
            )


@dataclass(frozen=True, slots=True)
class Context:
    """One request, as the policy sees it.

    Attributes:
        now: seconds since 1970.
        seen: what the person has done so far.
        filter: what the request asks of items, in the language of ``filter_of``; None for nothing.
        exclude: codes of items that the request does not want (n,).
        vectors: one vector an item, (items, dim), of any length, for diversity; None where the
            model has none.
        diversity: from 0 (none) to 1, in the place of the weight that the policy sets; None to
            keep that.
        explain: whether each item listed gets its decisions; without it only what could not be
            kept to is told.
    """

    now: float
    seen: Seen = field(default_factory=Seen)
    filter: Mapping[str, object] | None = None
    exclude: NDArray[np.integer] = field(default_factory=_no_codes)
    vectors: NDArray[np.floating] | None = None
    diversity: float | None = None
    explain: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "exclude", np.asarray(self.exclude, np.int64))
        if self.diversity is not None and not 0 <= self.diversity <= 1:
            raise UsageError(f"diversity must be from 0 (none) to 1, got {self.diversity!r}.")


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing that the policy did.

    Attributes:
        step: which part of the policy.
        text: in words, such as ``"pinned to place 1: brand is 'Acme'"``.
        item: code of the item that it is about; None where it is about the whole list.
    """

    step: Step
    text: str
    item: int | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Listed:
    """A list as it is shown.

    Attributes:
        codes: item codes, best first, (n,) int32; fewer than asked for only where no more items
            are allowed.
        scores: the model's score of each, (n,) float32; NaN for an item that was not among the
            candidates. They need not fall from place to place.
        decisions: what the policy did.
    """

    codes: NDArray[np.int32]
    scores: NDArray[np.float32]
    decisions: tuple[Decision, ...] = ()

    def __len__(self) -> int:
        return len(self.codes)
