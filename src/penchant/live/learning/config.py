"""What can be set about learning: the table ``[learn]`` of ``penchant.toml``."""

from __future__ import annotations

from dataclasses import dataclass, field

from penchant.core import UsageError
from penchant.lab.gate import GateConfig
from penchant.models import UpdateConfig

from ..trust import TrustConfig


@dataclass(frozen=True)
class LearnConfig:
    """When a service learns from its log, from what, and what must hold before that counts."""

    every: float = 600.0
    """Seconds between two looks at the log."""

    least: int = 500
    """New events without which no candidate is made."""

    held: float = 0.2
    """Share of the new events, the newest, that a candidate is judged on; the next one learns them."""

    panel: float = 0.05
    """Share of the users, drawn by a hash of their ids, whose events of the log are never learned:
    what a model has forgotten shows with them. Their lists know their events all the same."""

    retune_days: float = 7.0
    """Days after which the model is fitted anew on everything, not only updated; 0 for never."""

    feedback: tuple[str, ...] = ()
    """Which events of the log count, and how much, as of penchant fit: ``["purchase * 3"]``."""

    trust: TrustConfig | None = TrustConfig(injected=False)  # noqa: RUF009 - frozen
    """What is not believed and so neither learned nor asked about: floods of one user or of a crowd;
    ``injected = true`` looks for made-up profiles as well, and may accuse honest people
    (``docs/guide/trust.md``)."""

    update: UpdateConfig = field(default_factory=UpdateConfig)
    """How the model goes on from where it is."""

    watch: bool = True
    """Whether a model that was promoted is watched, and rolled back where the one before is better."""

    watched: int = 2000
    """Questions after which a model has proved itself."""

    gate: GateConfig = field(default_factory=GateConfig)
    """What a candidate must be like."""

    def __post_init__(self) -> None:
        if not self.every > 0:
            raise UsageError(f"[learn] every must be above 0, got {self.every}.")
        if self.least < 1 or self.watched < 1:
            raise UsageError("[learn] least and watched must be at least 1.")
        if not 0 < self.held < 1:
            raise UsageError(f"[learn] held must lie between 0 and 1, got {self.held}.")
        if not 0 <= self.panel < 1:
            raise UsageError(f"[learn] panel must be 0 or more and below 1, got {self.panel}.")
        if not self.retune_days >= 0:
            raise UsageError(f"[learn] retune_days must be 0 or more, got {self.retune_days}.")
