"""What the policy did, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .candidates import Candidates
from .caps import CapCount
from .compiled import Compiled
from .config import Freshness
from .context import Context, Decision, Step
from .fallback import Fallback
from .moments import DAY
from .placing import Placed
from .rules import Boost
from .terms import Terms
from .wording import several

_FROM = {"popular": "a popular one", "newest": "a new one", "any": "any that is left"}


@dataclass(frozen=True, slots=True)
class Telling:
    """What there is to tell about one list.

    Attributes:
        rules: of the policy.
        freshness: the setting, or None.
        fallback: where an item that was no candidate came from.
        found: the candidates.
        placed: the list.
        terms: what it was chosen by.
        caps: with their counts at the end of the list.
    """

    rules: Compiled
    freshness: Freshness | None
    fallback: Fallback
    found: Candidates
    placed: Sequence[Placed]
    terms: Terms
    caps: Sequence[CapCount]

    def exceptions(self, k: int) -> Iterator[Decision]:
        """What could not be kept to: a list filled up, or shorter than ``k``; caps broken."""
        if len(self.placed) < k:
            left = "item may be listed" if len(self.fallback.order) else "candidate is left"
            filled = f"{len(self.placed)} of {several(k, 'place')} filled"
            yield Decision("fallback", f"{filled}: no other {left}")
        for place, one in enumerate(self.placed, 1):
            if one.how == "fallback":
                stage = _FROM[self.fallback.stage(one.code)]
                text = f"the candidates ran out, so place {place} is filled up with {stage}"
                yield Decision("fallback", text, one.code)
            if one.broken:
                text = f"cap broken at place {place}, as no other item was left: {one.broken}"
                yield Decision("cap", text, one.code)

    def everything(self, context: Context) -> Iterator[Decision]:
        """What was done to each item of the list, and to the list."""
        for place, one in enumerate(self.placed, 1):
            yield from self._of(one, place, context)
        yield from self._capped()
        if self.terms.calibration is not None and self.rules.shares is not None:
            shares = self.terms.calibration
            listed = np.array([one.index for one in self.placed if one.index >= 0], np.int64)
            before, after = shares.divergence(np.arange(len(listed))), shares.divergence(listed)
            text = (
                f"shares of {self.rules.shares.name} against those of the history: KL {after:.2f}"
            )
            yield Decision("calibration", f"{text}, {before:.2f} by relevance alone")

    def _of(self, one: Placed, place: int, context: Context) -> Iterator[Decision]:
        row = np.array([one.code])
        if one.how == "pin":
            pins = [(rule, test) for rule, test, _ in self.rules.pins if test.mask(row)[0]]
            # in a list that has fewer places than that of the pin, it stands at the last one
            rule, test = next((pin for pin in pins if pin[0].place == place), pins[-1])
            yield Decision("pin", f"pinned to place {place}: {test}{_why(rule.why)}", one.code)
        if one.passed:
            text = f"place {place} by {self.terms.names}, before {several(one.passed, 'item')} of higher relevance"
            yield Decision("diversity" if self.terms.diversity else "calibration", text, one.code)
        if one.how != "candidate" or self.found.factors is None:
            return
        was = int(self.found.places[one.index])
        counts = f"place {was} of the model counts as {was / self.found.factors[one.index]:.1f}"
        for move, test in self.rules.moves:
            if test.mask(row)[0]:
                step: Step = "boost" if isinstance(move, Boost) else "bury"
                text = f"{counts}: {step} by {move.by:g}, as {test}{_why(move.why)}"
                yield Decision(step, text, one.code)
        if self.freshness is not None and self.rules.created is not None:
            age = (context.now - self.rules.created[one.code]) / DAY
            known = "it has no date" if np.isnan(age) else f"it is {max(age, 0):.0f} days old"
            yield Decision("freshness", f"{counts}: {known}", one.code)

    def _capped(self) -> Iterator[Decision]:
        listed = {one.code for one in self.placed}
        last = max((one.index for one in self.placed if one.how == "candidate"), default=-1)
        ahead = [code for code in self.found.codes[: last + 1].tolist() if code not in listed]
        for cap in self.caps:
            over = sum(bool(cap.broken_by(code)) for code in ahead)
            if over:
                yield Decision("cap", f"{several(over, 'candidate')} passed over: {cap.text}")


def _why(why: str) -> str:
    return f" ({why})" if why else ""
