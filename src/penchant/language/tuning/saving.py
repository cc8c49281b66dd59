"""What was tuned as a folder of a few megabytes over a named base."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from penchant.core import BundleError, UsageError
from penchant.store import read_bundle, write_bundle

from .apply import apply_tuning, load_tuned_state, tuned_state, tuning_of
from .ways import Tuning, way_by_name

KIND = "adapter"
WEIGHTS = "adapter.safetensors"


@dataclass(frozen=True, slots=True)
class SavedAdapter:
    """An adapter in memory.

    Attributes:
        way: how it was tuned.
        base: name of the language model that it was tuned on.
        base_digest: digest of that model.
        state: the tuned weights by name.
    """

    way: Tuning
    base: str
    base_digest: str
    state: Mapping[str, Tensor]


def save_adapter(
    folder: str | Path, module: nn.Module, way: Tuning | None = None, base: str = ""
) -> None:
    """Write what was tuned, and nothing of the base.

    Args:
        folder: where to; an adapter that is there is replaced in one step.
        module: a tuned ``Backbone`` or ``LanguageModel``.
        way: how it was tuned; by default what was applied.
        base: name of the base for whoever loads it; by default the model's own.

    Raises:
        UsageError: the model is not tuned, or by another way.
        BundleError: the disk refused.
    """
    state = {name: weight.cpu().contiguous() for name, weight in tuned_state(module).items()}
    applied = tuning_of(module)
    if way is not None and way != applied:
        raise UsageError(f"the model is tuned by {applied!r}, not by {way!r}. Leave way out.")
    holder: Any = module
    about = {
        "base": base or _name_of(holder),
        "base_digest": str(holder.digest),
        "way": applied.name if applied else "",
        "settings": dataclasses.asdict(applied) if applied else {},
    }
    write_bundle(folder, KIND, {WEIGHTS: lambda: save(state)}, about)


def read_adapter(folder: str | Path) -> SavedAdapter:
    """An adapter as it was written, every byte checked; no model is needed.

    Raises:
        DamagedBundle: it is not what was written.
        BundleError: there is none.
    """
    bundle = read_bundle(folder, KIND)
    about = bundle.manifest
    try:
        way = way_by_name(about["way"], **about["settings"])
        state = load(bundle.files[WEIGHTS])
    except (KeyError, TypeError, UsageError, SafetensorError) as error:
        raise BundleError(
            f"{folder} holds an adapter that this penchant cannot read ({error}). "
            "Upgrade penchant, or tune again."
        ) from error
    return SavedAdapter(way, str(about["base"]), str(about["base_digest"]), state)


def load_adapter(folder: str | Path, module: nn.Module) -> Tuning:
    """Put a saved adapter on an untuned model in place.

    Returns:
        how it was tuned.

    Raises:
        DamagedBundle: it is not what was written.
        BundleError: it was tuned on another base, or there is none.
        UsageError: the model is tuned already.
    """
    saved = read_adapter(folder)
    check_base(saved, module, str(folder))
    apply_tuning(module, saved.way)
    load_tuned_state(module, saved.state)
    return saved.way


def check_base(saved: SavedAdapter, module: Any, where: str) -> None:
    """Refuse an adapter of another base.

    Raises:
        BundleError: it is.
    """
    if saved.base_digest != module.digest:
        raise BundleError(
            f"{where} was tuned on {saved.base} (digest {saved.base_digest[:12]}), and this is "
            f"{_name_of(module)} (digest {module.digest[:12]}): over it, it would mean nothing. "
            "Load it over its own base, with the same pooling."
        )


def _name_of(module: Any) -> str:
    known = getattr(module, "name", None) or getattr(module.model, "name_or_path", None)
    return Path(str(known)).name if known else type(module.model).__name__
