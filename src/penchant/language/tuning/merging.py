"""Fold what was tuned into the weights of the base."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from torch import nn

from penchant.core import Unsupported

from .apply import installed_on, note, note_added, trained_names, tuned_digest
from .installed import set_part
from .ways import IA3, AdaLoRA, BitFit, Full, LoRA, TopLayers

M = TypeVar("M", bound=nn.Module)


def merged(module: M) -> M:
    """A copy of a tuned model without anything added: the same vectors, at the base's speed.

    Its ``digest`` is a new one, of the base and of what was tuned. It counts as untuned: another way
    of tuning may be put on it. Biases that ``BitFit`` gave a model without any (Llama, T5) stay, and
    no folder of the plain model can hold them: such a one answers, and refuses to be saved.

    Raises:
        Unsupported: the way adds computation that no weight of the base can hold.
        UsageError: no way of tuning is on the model.
    """
    trained_names(module)  # refuses an untuned model
    into = installed_on(module)
    way = into.way if into else None
    if not isinstance(way, LoRA | AdaLoRA | IA3 | Full | TopLayers | BitFit):
        raise Unsupported(
            f"{type(way).__name__} cannot be merged: it adds computation, not a change of weights. "
            "Keep the adapter beside the base, or tune with lora, adalora or ia3."
        )
    whole = copy.deepcopy(module)
    for name in ("digest", "vectors_digest"):
        if hasattr(module, name):
            setattr(whole, name, tuned_digest(module, getattr(module, name)))
    copied = installed_on(whole)
    for name, part in (copied.parts if copied else {}).items():
        if isinstance(part, nn.Module):
            layer: Any = part
            layer.merge()
            set_part(whole, name, layer.get_base_layer())
        elif (
            copied and copied.before[name] is None
        ):  # BitFit's bias on a layer that has none in the base
            note_added(whole)
    if hasattr(whole, "rank_budget"):
        del whole.rank_budget
    note(whole, None)
    return whole.requires_grad_(True)
