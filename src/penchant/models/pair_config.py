"""Settings that both models of pairs have; light, so that asking for help needs nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass

from penchant.core import UsageError

from .settings import within


@dataclass(frozen=True)
class PairConfig:
    """Settings that RatingModel and ClickModel have."""

    language: str = "all-MiniLM-L6-v2"
    """The language model that reads the items: a packaged name, a folder, or a Hugging Face id."""
    dim: int = 8
    """Numbers in the factor of a user or an item."""
    text: int = 64
    """Principal components of the text vectors that place an item; 0 leaves the text out."""
    together: int = 20
    """Numbers that say what an item is seen together with, and what a user has seen; 0 for none."""
    sweeps: int = 80
    """Passes of the sampler over all users and items."""
    samples: int = 40
    """Passes that are kept, spread over the last four fifths; predictions are averaged over them."""

    def __post_init__(self) -> None:
        for field in ("dim", "sweeps", "samples"):
            within(self, field, 1, float("inf"))
        for field in ("text", "together"):
            within(self, field, 0, float("inf"))
        if self.samples > self.sweeps:
            raise UsageError(
                f"{type(self).__name__}.samples must be at most sweeps, got {self.samples} and "
                f"{self.sweeps}."
            )
