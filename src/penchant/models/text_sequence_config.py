"""Settings of TextSequence; light, so that asking for help needs no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from penchant.language import DEFAULT_MODEL
from penchant.language.tuning import Tuning

from .sequence_config import SequenceConfig
from .settings import within


@dataclass(frozen=True)
class TextSequenceConfig(SequenceConfig):
    """Settings of TextSequence: those of every model of the next item, and how text is read."""

    language: str = DEFAULT_MODEL
    """The encoder: a packaged name, a folder, or a Hugging Face id."""
    id_dropout: float = 0.0
    """How often an item's own vector is left out in training, so that its text must do."""
    gaps: bool = False
    """Whether the time between events is read, where events have times."""
    validation: Literal["last-events", "cold-items"] = "last-events"
    """What is held out for early stopping: last events of users, or all events of a tenth of the
    items, to be found by their text alone. The second is for catalogues in which much is new."""
    tuning: Tuning | None = None
    """How the language model is tuned, after training over its frozen vectors; left out: not at all."""
    language_rate: float = 0.0003
    """Step size of the language model, where it is tuned."""
    language_texts: int = 256
    """Most texts that a step of the language model reads."""
    language_every: int = 10
    """Batches between two steps of the language model."""
    head_rate: float = 0.1
    """In tuning, the share of `learning_rate` at which everything else goes on learning."""
    tuning_epochs: int = 10
    """Most passes over the data in tuning."""
    tuning_patience: int = 3
    """Epochs of tuning without a better validation NDCG@10 before it stops."""
    pairs: int = 0
    """Pairs of consecutive items on which the language model is tuned before anything else is
    trained over it; 0: none. For catalogues in which much is new; with `tuning_epochs` 0 this is
    all of its tuning."""
    pairs_rate: float = 0.001
    """Step size of the language model on pairs."""

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, "id_dropout", 0.0, 1.0)
        within(self, "head_rate", 0.0, 1.0)
        within(self, "language_rate", 0.0, 1.0, open_low=True)
        within(self, "pairs_rate", 0.0, 1.0, open_low=True)
        for field in ("language_texts", "language_every"):
            within(self, field, 1, float("inf"))
        for field in ("tuning_epochs", "tuning_patience", "pairs"):
            within(self, field, 0, float("inf"))
