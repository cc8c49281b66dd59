"""What a candidate must be like to answer in the place of the model that serves."""

from __future__ import annotations

from dataclasses import dataclass

from penchant.core import UsageError


@dataclass(frozen=True)
class GateConfig:
    """How a candidate is judged, and how much worse it may be at most."""

    k: int = 10
    """Length of the lists that are judged."""

    questions: int = 2000
    """Newest events that both models are asked about, at most."""

    least: int = 50
    """Questions without which nothing is decided."""

    fewest: int = 10
    """Users without whom nothing is decided, however many questions they are."""

    chance: float = 0.1
    """How often a candidate as good as the serving model may be refused as worse, on the newest
    events: a tenth, as watching it afterwards finds what this lets through."""

    margin: float = 0.1
    """Share of the serving model's NDCG on the newest events that no candidate may have lost, however
    few the questions are."""

    kept: float = 0.98
    """Share of the serving model's NDCG on older events that must be left; less is refused where the
    loss is no chance."""

    segment: int = 100
    """Questions of a segment, such as cold items or new users, without which it is not judged."""

    people: int = 20
    """Users without whom a segment is not judged, however many questions they are."""

    risen: float = 0.2
    """Share of all lists into which one item may come that was not in them before, beyond what it
    gained among the events that people did."""

    overlap: float = 0.1
    """Least share of the serving model's lists that the candidate's have too, on average."""

    slower: float = 2.0
    """How many times as long as the serving model a candidate may take for its lists."""

    texts: float = 0.8
    """Share of the catalogue's words that must be left of those the serving model has read."""

    def __post_init__(self) -> None:
        for name in ("k", "questions", "least", "fewest", "segment", "people"):
            if getattr(self, name) < 1:
                raise UsageError(f"[gate] {name} must be at least 1.")
        for name in ("margin", "kept", "risen", "overlap", "texts"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"[gate] {name} must lie between 0 and 1.")
        if not 0 < self.chance < 0.5:
            raise UsageError("[gate] chance must lie between 0 and 0.5.")
        if not self.slower > 0:
            raise UsageError("[gate] slower must be above 0.")
