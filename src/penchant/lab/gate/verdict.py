"""What a judgement came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from penchant.metrics import Paired


@dataclass(frozen=True, slots=True)
class Compared:
    """Two models on the same questions.

    Attributes:
        questions: how many.
        serving: mean NDCG of the serving model.
        candidate: of the candidate.
        gap: candidate minus serving.
        low: lower end of the gap's 95 % interval, by resampling users.
        high: upper end.
    """

    questions: int
    serving: float
    candidate: float
    gap: float
    low: float
    high: float

    @classmethod
    def of(cls, questions: int, serving: float, candidate: float, found: Paired) -> Compared:
        """From a paired comparison."""
        return cls(questions, serving, candidate, found.gap, found.low, found.high)

    @property
    def share(self) -> float:
        """What the candidate has of the serving model's NDCG; 1 where that has none."""
        return self.candidate / self.serving if self.serving > 0 else 1.0

    def __str__(self) -> str:
        return (
            f"NDCG {self.candidate:.4f}, serving {self.serving:.4f}: {self.gap:+.4f} "
            f"[{self.low:+.4f}, {self.high:+.4f}] on {self.questions:,} questions"
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a candidate may answer, and why not.

    Attributes:
        reasons: why it may not, the gravest first; none where it may.
        newest: on events that neither has learned; None where there were too few.
        older: on earlier events that neither has learned either, or None.
        segments: as ``newest``, of parts of its questions.
        figures: ``overlap``, ``risen``, ``slower``, ``texts``.
        undecided: whether it was too early to tell: the same candidate may pass on more events.
    """

    reasons: tuple[str, ...] = ()
    newest: Compared | None = None
    older: Compared | None = None
    segments: Mapping[str, Compared] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    undecided: bool = False

    @property
    def passed(self) -> bool:
        """Whether it may answer."""
        return not self.reasons

    def to_json(self) -> dict[str, Any]:
        """One plain document."""
        return {"passed": self.passed, **asdict(self)}

    def __str__(self) -> str:
        head = "passed" if self.passed else "refused: " + " ".join(self.reasons)
        lines = [head] + ([f"newest events: {self.newest}"] if self.newest else [])
        return "\n".join(lines + ([f"older events: {self.older}"] if self.older else []))
