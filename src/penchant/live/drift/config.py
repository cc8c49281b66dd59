"""How a stream is watched."""

from __future__ import annotations

from dataclasses import dataclass

from penchant.core import UsageError


@dataclass(frozen=True)
class DriftConfig:
    """How a stream is watched for change."""

    users: int = 20
    """Users of a block: each counts once in it, however much they do."""

    events: int = 1000
    """Events after which a block ends though fewer users were heard of."""

    learn: int = 500
    """Users, counted once a block, from whom the words, kinds and categories are learned."""

    reference: int = 1500
    """Users after them whose shares are what all later ones are compared with."""

    days: float = 1.0
    """Days that the reference lasts at least, so that day and night are in it."""

    every: float = 60.0
    """Seconds from the beginning of a block to that of the next at least; what comes between is left
    out."""

    window: int = 25
    """Blocks that are told of as what it is like now."""

    alpha: float = 0.01
    """False alarms to be expected, of all signals together and in all time."""

    tolerance: float = 0.25
    """By how much odds may change without anybody minding."""

    category: str = ""
    """The column of items to watch; by default the first of category, categories, genres, genre and
    tags that there is."""

    def __post_init__(self) -> None:
        for name in ("users", "events", "learn", "reference", "window"):
            if getattr(self, name) < 1:
                raise UsageError(f"drift: {name} must be at least 1, got {getattr(self, name)}.")
        if not (self.days >= 0 and self.every >= 0):
            raise UsageError(f"drift: days and every must be 0 or more, got {self}.")
        if not 0 < self.alpha < 1:
            raise UsageError(f"drift: alpha must be between 0 and 1, got {self.alpha}.")
        if not 0 <= self.tolerance < float("inf"):
            raise UsageError(f"drift: tolerance must be 0 or more, got {self.tolerance}.")
