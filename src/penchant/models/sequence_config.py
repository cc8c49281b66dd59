"""Settings that every model of the next item has; light, so that asking for help needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

from penchant.core import UsageError

from .loop_settings import LoopSettings
from .settings import within


@dataclass(frozen=True)
class SequenceConfig:
    """Settings that every model of the next item has."""

    dim: int = 128
    """Numbers in an item's or a user's vector."""
    layers: int = 2
    """Blocks of the transformer."""
    heads: int = 2
    """Attention heads of a block; they divide `dim`."""
    dropout: float = 0.3
    """Share of activations dropped in training."""
    history: int = 100
    """Most events of a history that are read; the newest count."""
    learning_rate: float = 0.002
    """Step size of AdamW."""
    weight_decay: float = 0.0
    """Decay of matrices."""
    batch_tokens: int = 4096
    """Events in a batch, padding counted."""
    epochs: int = 100
    """Most passes over the data."""
    patience: int = 5
    """Epochs without a better validation NDCG@10 before training stops."""
    negatives: int | None = None
    """Items sampled for the softmax, 0 for all of them; left out: all up to 3,000 items, else 2048."""
    negative_power: float = 1.0
    """Negatives are drawn in proportion to their events to this power (log-q corrected)."""
    validation_users: int = 2000
    """Users whose last training event is held out for early stopping."""
    refit: bool | None = None
    """Train again on everything for the epochs that validation chose; left out: where validation
    held out an event of more than a fifth of the users."""
    loop: LoopSettings = LoopSettings()  # noqa: RUF009 - frozen
    """The optimiser, its schedule, precision, averaging and adversarial steps."""

    def __post_init__(self) -> None:
        for field in ("dim", "layers", "heads", "epochs", "batch_tokens", "validation_users"):
            within(self, field, 1, float("inf"))
        for field in ("weight_decay", "patience", "negative_power"):
            within(self, field, 0, float("inf"))
        if self.negatives is not None:
            within(self, "negatives", 0, float("inf"))
        within(self, "history", 2, float("inf"))
        within(self, "dropout", 0.0, 0.95)
        within(self, "learning_rate", 0.0, 1.0, open_low=True)
        if self.dim % self.heads:
            raise UsageError(
                f"{type(self).__name__}.heads must divide dim, got {self.heads} and {self.dim}."
            )
