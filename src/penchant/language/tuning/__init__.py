"""Ways of tuning a language model, and what was tuned as a small file over a named base.

A way is a small frozen config, such as ``LoRA(rank=8, layers=3)``; ``apply_tuning`` puts it on a
backbone in place and leaves just its parameters trainable. Importing this room imports neither
torch nor peft; the functions do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penchant._lazy import lazily

from .ways import (
    IA3,
    WAYS,
    AdaLoRA,
    Adapters,
    BitFit,
    Full,
    LoRA,
    PrefixTuning,
    PromptTuning,
    TopLayers,
    Tuning,
    frozen_below,
    way_by_name,
)

if TYPE_CHECKING:
    from .adapter_set import AdapterSet
    from .apply import (
        adds_parts,
        apply_tuning,
        load_tuned_state,
        tuned_digest,
        tuned_state,
        tuning_of,
    )
    from .merging import merged
    from .saving import load_adapter, read_adapter, save_adapter
    from .training import after_step, before_training, penalty, without_decay

__all__ = [
    "IA3",
    "WAYS",
    "AdaLoRA",
    "AdapterSet",
    "Adapters",
    "BitFit",
    "Full",
    "LoRA",
    "PrefixTuning",
    "PromptTuning",
    "TopLayers",
    "Tuning",
    "adds_parts",
    "after_step",
    "apply_tuning",
    "before_training",
    "frozen_below",
    "load_adapter",
    "load_tuned_state",
    "merged",
    "penalty",
    "read_adapter",
    "save_adapter",
    "tuned_digest",
    "tuned_state",
    "tuning_of",
    "way_by_name",
    "without_decay",
]

_NEEDS_TORCH = {
    "AdapterSet": "adapter_set",
    "adds_parts": "apply",
    "after_step": "training",
    "apply_tuning": "apply",
    "before_training": "training",
    "load_adapter": "saving",
    "load_tuned_state": "apply",
    "merged": "merging",
    "penalty": "training",
    "read_adapter": "saving",
    "save_adapter": "saving",
    "tuned_digest": "apply",
    "tuned_state": "apply",
    "tuning_of": "apply",
    "without_decay": "training",
}
"""Name -> file of this room that holds it and imports torch."""


__getattr__, __dir__ = lazily(__name__, _NEEDS_TORCH)
