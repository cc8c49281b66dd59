"""The ways of tuning a language model: light settings; nothing here imports torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from penchant.core import UsageError, did_you_mean

Targets = Literal["query-value", "attention", "all"]
"""Which linear layers of a block: query and value, those of attention, or all of them."""


@dataclass(frozen=True, slots=True)
class Full:
    """Every weight (Devlin et al. 2019)."""

    name: ClassVar[str] = "full"


@dataclass(frozen=True, slots=True)
class TopLayers:
    """The weights of the top blocks and of the normalisation after them (Howard and Ruder 2018)."""

    name: ClassVar[str] = "top-layers"
    layers: int = 3
    """Blocks from the top whose weights are trained."""

    def __post_init__(self) -> None:
        _whole(self, "layers")


@dataclass(frozen=True, slots=True)
class LoRA:
    """A low-rank matrix added to each weight matrix (Hu et al. 2022)."""

    name: ClassVar[str] = "lora"
    rank: int = 8
    """Rank of each added matrix."""
    alpha: float = 16.0
    """The added matrix is scaled by alpha / rank."""
    dropout: float = 0.0
    """Share of the inputs of the added matrix that are dropped in training."""
    layers: int | None = None
    """Only the top blocks, this many; by default all."""
    targets: Targets = "all"
    """Which linear layers of a block: query-value, attention or all."""

    def __post_init__(self) -> None:
        _whole(self, "rank")
        _between(self, "alpha", 0.0, float("inf"), open_low=True)
        _between(self, "dropout", 0.0, 0.9)
        _whole(self, "layers")
        _one_of(self, "targets", ("query-value", "attention", "all"))


@dataclass(frozen=True, slots=True)
class AdaLoRA:
    """LoRA whose ranks move, in training, to the matrices that need them (Zhang et al. 2023)."""

    name: ClassVar[str] = "adalora"
    rank: int = 8
    """Mean rank at the end of training."""
    start_rank: int = 12
    """Rank of each added matrix at the start."""
    alpha: float = 16.0
    """The added matrix is scaled by alpha / start_rank."""
    dropout: float = 0.0
    """Share of the inputs of the added matrix that are dropped in training."""
    layers: int | None = None
    """Only the top blocks, this many; by default all."""
    targets: Targets = "all"
    """Which linear layers of a block: query-value, attention or all."""
    warmup: float = 0.1
    """Share of the steps before the first rank is taken away."""
    cooldown: float = 0.3
    """Share of the steps, at the end, in which the ranks stay as they are."""
    interval: int = 10
    """Steps between two changes of the ranks."""
    orthogonality: float = 0.1
    """Weight of the penalty that keeps the singular vectors orthogonal."""

    def __post_init__(self) -> None:
        _whole(self, "rank")
        _whole(self, "start_rank")
        if self.start_rank < self.rank:
            raise UsageError(
                f"AdaLoRA.start_rank must be at least rank ({self.rank}), got {self.start_rank}."
            )
        _between(self, "alpha", 0.0, float("inf"), open_low=True)
        _between(self, "dropout", 0.0, 0.9)
        _whole(self, "layers")
        _one_of(self, "targets", ("query-value", "attention", "all"))
        _between(self, "warmup", 0.0, 0.9)
        _between(self, "cooldown", 0.0, 0.9 - self.warmup)
        _whole(self, "interval")
        _between(self, "orthogonality", 0.0, float("inf"))


@dataclass(frozen=True, slots=True)
class Adapters:
    """Two small bottleneck networks a block (Houlsby et al. 2019).

    One stands after attention, one after the feed-forward part, each before the residual sum.
    """

    name: ClassVar[str] = "adapters"
    size: int = 48
    """Width of the bottleneck."""
    norms: bool = True
    """Whether the blocks' normalisation weights are trained as well, as in the paper."""
    layers: int | None = None
    """Only the top blocks, this many; by default all."""

    def __post_init__(self) -> None:
        _whole(self, "size")
        _whole(self, "layers")


@dataclass(frozen=True, slots=True)
class PrefixTuning:
    """Learned keys and values before those of the text, in each block (Li and Liang 2021)."""

    name: ClassVar[str] = "prefix"
    tokens: int = 16
    """Virtual tokens in each block."""
    layers: int | None = None
    """Only the top blocks, this many; by default all."""

    def __post_init__(self) -> None:
        _whole(self, "tokens")
        _whole(self, "layers")


@dataclass(frozen=True, slots=True)
class PromptTuning:
    """Learned token vectors before the text (Lester et al. 2021)."""

    name: ClassVar[str] = "prompt"
    tokens: int = 16
    """Virtual tokens before each text."""

    def __post_init__(self) -> None:
        _whole(self, "tokens")


@dataclass(frozen=True, slots=True)
class BitFit:
    """The biases alone (Ben Zaken et al. 2022)."""

    name: ClassVar[str] = "bitfit"
    layers: int | None = None
    """Only the top blocks, this many; by default all, and the embeddings' bias."""

    def __post_init__(self) -> None:
        _whole(self, "layers")


@dataclass(frozen=True, slots=True)
class IA3:
    """A factor for each key, value and inner feed-forward activation (Liu et al. 2022)."""

    name: ClassVar[str] = "ia3"
    layers: int | None = None
    """Only the top blocks, this many; by default all."""

    def __post_init__(self) -> None:
        _whole(self, "layers")


Tuning = Full | TopLayers | LoRA | AdaLoRA | Adapters | PrefixTuning | PromptTuning | BitFit | IA3
"""Any way of tuning."""

WAYS: Mapping[str, type[Any]] = {
    way.name: way
    for way in (Full, TopLayers, LoRA, AdaLoRA, Adapters, PrefixTuning, PromptTuning, BitFit, IA3)
}
"""The ways by name."""


def way_by_name(name: str, **settings: Any) -> Tuning:
    """A way of tuning from its name and settings, as they come from a file or the command line.

    Args:
        name: one of ``WAYS``.
        settings: value by field; fields left out keep their defaults.

    Raises:
        UsageError: no such way, no such setting, or a value out of range.

    >>> way_by_name("lora", rank=4, layers=3)
    LoRA(rank=4, alpha=16.0, dropout=0.0, layers=3, targets='all')
    """
    if name not in WAYS:
        raise UsageError(f"there is no way of tuning {name!r}{_near(name, tuple(WAYS))}")
    kind = WAYS[name]
    known = tuple(field.name for field in dataclasses.fields(kind))
    for key in settings:
        if key not in known:
            raise UsageError(f"{kind.__name__} has no setting {key!r}{_near(key, known)}")
    way: Tuning = kind(**settings)
    return way


def frozen_below(way: Tuning, blocks: int) -> int:
    """How many of the lowest blocks compute just what the untuned model's compute.

    What enters block ``frozen_below(way, blocks)`` depends on no trained weight, so it can be
    computed once and kept.

    Args:
        way: how the model is tuned.
        blocks: how many blocks it has.

    >>> frozen_below(LoRA(layers=3), 12), frozen_below(LoRA(), 12), frozen_below(Full(), 12)
    (9, 0, 0)
    """
    layers = getattr(way, "layers", None)
    return 0 if layers is None else max(0, blocks - int(layers))


def _whole(way: object, field: str) -> None:
    value = getattr(way, field)
    if value is None and field == "layers" and not isinstance(way, TopLayers):
        return
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise UsageError(
            f"{type(way).__name__}.{field} must be a whole number of at least 1, got {value!r}."
        )


def _between(way: object, field: str, low: float, high: float, *, open_low: bool = False) -> None:
    value = getattr(way, field)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not (low < value if open_low else low <= value) or not value <= high:
        least = f"more than {low:g}" if open_low else f"at least {low:g}"
        most = "" if high == float("inf") else f" and at most {high:g}"
        raise UsageError(f"{type(way).__name__}.{field} must be {least}{most}, got {value!r}.")


def _one_of(way: object, field: str, known: tuple[str, ...]) -> None:
    value = getattr(way, field)
    if value not in known:
        raise UsageError(
            f"{type(way).__name__}.{field} must be one of {', '.join(known)}, got {value!r}."
        )


def _near(word: str, known: tuple[str, ...]) -> str:
    return f"{did_you_mean(word, known)} Known: {', '.join(known) or 'none'}."
