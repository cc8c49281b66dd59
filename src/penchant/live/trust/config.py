"""Settings of what is believed; light, so that a command's help needs nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from penchant.core import UsageError


@dataclass(frozen=True)
class TrustConfig:
    """When feedback is weighed down or left out before anything learns from it."""

    repeats: int = 20
    """Events of one user on one item that count; more weigh as much as these."""
    rate: int = 3000
    """Events of one user within an hour that count; later ones do not. Where events have times."""
    injected: bool = True
    """Whether to look for injected profiles: users who push an item together, and whose other
    events look made up or copied."""
    alpha: float = 0.01
    """Chance of accusing the raters of any item of data in which nobody cheats, were the model of
    honest users exact."""
    group: int = 4
    """Users who must push an item together before any of them is left out."""
    posterior: float = 0.5
    """Probability of being injected from which a rater of a pushed item is left out."""
    copies: bool = False
    """Whether users who share most of their rarest items count as copies of each other. Where one
    product has several entries in the catalogue, honest users look so."""
    thin: int = 2
    """Users with at most so many events are too thin to tell; their crowd on one item is weighed
    down to what chance explains."""
    seed: int = 0
    """Of the made-up profiles that injected ones are compared with."""

    def __post_init__(self) -> None:
        for name, least in (("repeats", 1), ("rate", 1), ("group", 2), ("thin", 0), ("seed", 0)):
            if getattr(self, name) < least:
                raise UsageError(
                    f"trust: {name} must be at least {least}, got {getattr(self, name)}."
                )
        for name in ("alpha", "posterior"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise UsageError(
                    f"trust: {name} must be between 0 and 1, got {getattr(self, name)}."
                )
