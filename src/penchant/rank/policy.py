"""From candidates and their scores to the list that is shown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from .calibration import SharedOut
from .candidates import Candidates, candidates_of
from .caps import CapCount
from .compiled import compiled
from .config import DPP, MMR, PolicyConfig
from .context import Context, Decision, Listed
from .diversity import Diversity, diversity_of
from .fallback import Fallback, Falling
from .fields import ItemFields
from .masks import ALL, Mask
from .permission import Permission
from .pinning import Pinning
from .places import freshness_factors, scaled
from .placing import Placing
from .seen import SeenRules
from .telling import Telling
from .terms import Terms


@dataclass(frozen=True, slots=True)
class _Shaped:
    """Candidates with the items pinned, and what the list is chosen by."""

    codes: NDArray[np.int32]
    scores: NDArray[np.float32]
    pinned: dict[int, int]
    terms: Terms
    caps: tuple[CapCount, ...]


class Policy:
    """What may be listed and in which order: rules, diversity, calibration, freshness, fall-back.

    Nothing in here changes after it is made, so that one object serves all threads.

    Args:
        config: what to do.
        fields: the columns of the catalogue.
        popularity: events of each item (items,), or fewer where the last items are new, or items in
            the order of these; None where nothing is known.

    Attributes:
        notes: what whoever wrote the policy may not have meant, such as a rule that holds for no
            item.

    Raises:
        UsageError: every rule that names a column that is not there (with the near name), or asks a
            column for what it cannot hold.
    """

    def __init__(
        self,
        config: PolicyConfig,
        fields: ItemFields,
        popularity: NDArray[np.floating] | Falling | None = None,
    ) -> None:
        self.config = config
        self.fields = fields.separated(config.separators)
        if not isinstance(popularity, Falling):
            popularity = Falling(popularity, above=0.0)
        self._popular = popularity
        self._rules = compiled(config, self.fields)
        self.notes = tuple(self._rules.notes)
        seen = SeenRules(config.seen, config.seen_others)
        self._permission = Permission(self._rules, seen, self.fields)
        self._fallback = Fallback(
            config.fallback, self._popular, self._rules.created, len(self.fields)
        )
        self._pinning = Pinning(self._rules, self._permission, self._fallback)

    def with_fields(self, fields: ItemFields) -> Policy:
        """The same policy over items that were put since; codes so far stay."""
        return Policy(self.config, fields, self._popular)

    def depth(self, k: int, context: Context | None = None) -> int:
        """How many candidates ``choose`` wants to see for a list of ``k``; it looks at no more."""
        config, rules = self.config, self._rules
        asked = context is not None and context.diversity
        may_reorder = rules.moves or rules.caps or config.freshness or config.calibration
        if not (may_reorder or config.diversity or asked):
            return k + len(rules.pins)  # whose items stand at no other place
        wanted = max(config.candidates, 2 * k, k + len(rules.pins))
        return max(k, min(wanted, len(self.fields)))

    def allowed(self, context: Context) -> Mask | None:
        """Which items may be listed at all, (items,); None for all of them.

        Availability, include and exclude rules, what was seen, and the filter and exclusions of the
        request. The mask is not to be written to.

        Raises:
            UsageError: the filter of the request is wrong.
        """
        return self._permission.mask(ALL, context)

    def why_not(self, code: int, context: Context) -> tuple[Decision, ...]:
        """Everything that keeps an item from being listed; empty where nothing does.

        Raises:
            UsageError: the filter of the request is wrong.
        """
        return self._permission.why_not(code, context)

    def choose(
        self,
        codes: NDArray[np.integer],
        scores: NDArray[np.floating],
        k: int,
        context: Context,
    ) -> Listed:
        """The list that is shown.

        Candidates that may not be listed, stand there twice, or have no finite score are passed
        over; of the others as many are looked at as ``depth`` says, so that a list is the same
        however many are given beyond that. The list is shorter than ``k`` only where fewer items may be listed, or where the
        policy has no fall-back.

        Args:
            codes: candidates (n,), best first; negative ones count for nothing.
            scores: of the model (n,), higher is better.
            k: length of the list.
            context: the request.

        Raises:
            UsageError: the filter of the request is wrong.
        """
        may = partial(self._permission.mask, context=context)
        factors = partial(self._factors, now=context.now)
        most = self.depth(k, context)
        found = candidates_of(np.asarray(codes), np.asarray(scores, np.float32), most, may, factors)
        shaped, decisions = self._shaped(found, k, context)
        plain = shaped.terms.steady and not (shaped.caps or shaped.pinned or context.explain)
        if plain and len(found) >= k:
            return Listed(found.codes[:k], found.scores[:k], tuple(decisions))
        fill = self._fallback.filling(may, shaped.codes) if self.config.fallback else None
        placed = Placing(shaped.codes, shaped.terms, shaped.caps, shaped.pinned, fill).run(k)
        telling = Telling(
            self._rules,
            self.config.freshness,
            self._fallback,
            found,
            placed,
            shaped.terms,
            shaped.caps,
        )
        decisions += telling.exceptions(k)
        if context.explain:
            decisions += telling.everything(context)
        scores = np.append(shaped.scores, np.float32("nan"))  # index -1 was no candidate
        return Listed(
            np.array([one.code for one in placed], np.int32),
            scores[[one.index for one in placed]],
            tuple(decisions),
        )

    def _factors(self, codes: NDArray[np.integer], now: float) -> NDArray[np.float64] | None:
        """What the places of candidates are divided by; None where the rules move none."""
        moves = self._rules.factors
        factors = None if moves is None else moves[codes]
        fresh, created = self.config.freshness, self._rules.created
        if fresh is None or created is None:
            return factors
        fading = freshness_factors(fresh, created[codes], now)
        return fading if factors is None else factors * fading

    def _shaped(
        self, found: Candidates, k: int, context: Context
    ) -> tuple[_Shaped, list[Decision]]:
        decisions: list[Decision] = []
        pins: dict[int, int] = {}
        codes, relevance, scores = found.codes, scaled(found.relevance), found.scores
        if self._pinning:
            pins, decisions = self._pinning.pinned(found, k, context)
        others = [code for code in pins.values() if code not in codes]
        if others:
            codes = np.append(codes, np.array(others, np.int32))
            relevance = np.append(relevance, np.zeros(len(others), np.float32))
            scores = np.append(scores, np.full(len(others), np.nan, np.float32))
        at = {code: int(np.argmax(codes == code)) for code in pins.values()}
        diversity, left_out = self._diversity(codes, context)
        terms = Terms(relevance, diversity, self._calibration(codes, context))
        caps = tuple(CapCount(rule, column, pins) for rule, column in self._rules.caps)
        pinned = {place: at[code] for place, code in pins.items()}
        return _Shaped(codes, scores, pinned, terms, caps), decisions + left_out

    def _diversity(
        self, codes: NDArray[np.int32], context: Context
    ) -> tuple[tuple[Diversity, float] | None, list[Decision]]:
        way: MMR | DPP | None = self.config.diversity
        weight = context.diversity if context.diversity is not None else way.weight if way else 0.0
        if not weight or not len(codes):
            return None, []
        if context.vectors is None:
            text = "diversity left out: the model has no vectors of items to compare"
            return None, [Decision("diversity", text)]
        return (diversity_of(way or MMR(), context.vectors[codes]), weight), []

    def _calibration(
        self, codes: NDArray[np.int32], context: Context
    ) -> tuple[SharedOut, float] | None:
        config, column = self.config.calibration, self._rules.shares
        if config is None or column is None or not config.weight or not len(codes):
            return None
        past = context.seen.codes[context.seen.codes >= 0]
        term = SharedOut(column, past, codes, config.smoothing)
        return (term, config.weight) if term.known else None
