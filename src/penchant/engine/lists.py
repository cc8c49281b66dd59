"""From asks to answers: read, found, chosen and told, a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence

from penchant.core import PenchantError
from penchant.rank import Context, Policy

from .ask import Answer, Ask, Explanation
from .candidates import Candidates, Wanted
from .retrieval import Retrieval
from .telling import Read, Telling


class Lists:
    """Answers asks.

    Args:
        retrieval: finds candidates.
        policy: chooses from them.
        version: the name of the model in answers.
    """

    def __init__(self, retrieval: Retrieval, policy: Policy, version: str) -> None:
        self._retrieval, self._policy = retrieval, policy
        self._telling = Telling(retrieval.recommender, retrieval.asking, version)
        # what holds for every question: many can be searched for at once
        self._listable = policy.allowed(Context(now=0.0))
        self._popular = policy.config.fallback[:1] in ((), ("popular",))

    def answers(self, asks: Sequence[Ask], now: float) -> list[Answer | PenchantError]:
        """An answer or an error for each ask; ``now`` in seconds since 1970 (UTC)."""
        read = [self._read(ask, now) for ask in asks]
        found = iter(self._found([one for one in read if isinstance(one, Read)]))
        return [self._answered(one, next(found)) if isinstance(one, Read) else one for one in read]

    def explain(self, ask: Ask, item: str, n: int, now: float) -> Explanation:
        """See ``Engine.explain``."""
        read = self._read(ask, now)
        if isinstance(read, PenchantError):
            raise read
        code = self._retrieval.asking.item(item)
        (found,) = self._found([read])
        if isinstance(found, PenchantError):
            raise found
        barred = self._policy.why_not(code, read.context)
        return self._telling.explanation(read, found, code, barred, n)

    def _read(self, ask: Ask, now: float) -> Read | PenchantError:
        try:
            question = self._retrieval.asking.question(ask)
            context = Context(
                now,
                question.seen,
                ask.filter,
                question.exclude,
                self._retrieval.item_vectors,
                ask.diversity,
                ask.explain,
            )
            most = self._policy.depth(question.depth, context)
            if ask.filter:
                return Read(question, context, Wanted(most, self._policy.allowed(context), False))
        except PenchantError as error:
            return error
        # what was seen or excluded is left to the policy: so many more are found
        return Read(question, context, Wanted(most + question.barred, self._listable, True))

    def _found(self, read: Sequence[Read]) -> list[Candidates | PenchantError]:
        try:
            questions, wanted = [one.question for one in read], [one.wanted for one in read]
            return list(self._retrieval.candidates(questions, wanted, self._popular))
        except PenchantError as error:
            if len(read) == 1:
                return [error]
        return [self._found([one])[0] for one in read]

    def _answered(self, read: Read, found: Candidates | PenchantError) -> Answer | PenchantError:
        if isinstance(found, PenchantError):
            return found
        try:
            depth = read.question.depth
            listed = self._policy.choose(found.codes, found.scores, depth, read.context)
            return self._telling.answer(read, found, listed)
        except PenchantError as error:
            return error
