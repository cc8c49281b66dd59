"""What was tuned as a folder of a few megabytes over a named base."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from penchant.core import BundleError, UsageError
from penchant.language.recipe import Recipe
from penchant.store import read_bundle, write_bundle

from .apply import apply_tuning, installed_on, load_tuned_state, tuned_state, tuning_of
from .ways import Tuning, way_by_name

log = logging.getLogger(__name__)

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
        pooling: how token vectors became a text's; None where nothing was pooled (a
            ``LanguageModel``), or by an older penchant, which did not write this and the next two.
        prompt: words before each text, likewise.
        length: tokens after which a text was cut, likewise.
    """

    way: Tuning
    base: str
    base_digest: str
    state: Mapping[str, Tensor]
    pooling: tuple[str, ...] | None = None
    prompt: str | None = None
    length: int | None = None


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
    about: dict[str, Any] = {
        "base": base or _name_of(holder),
        "base_digest": str(holder.digest),
        "way": applied.name if applied else "",
        "settings": dataclasses.asdict(applied) if applied else {},
    }
    if (recipe := _recipe_of(holder)) is not None:
        about |= {"pooling": list(recipe.pooling), "prompt": recipe.prompt}
        about["length"] = _length_of(holder)
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
        pooling = tuple(about["pooling"]) if "pooling" in about else None
    except (KeyError, TypeError, UsageError, SafetensorError) as error:
        raise BundleError(
            f"{folder} holds an adapter that this penchant cannot read ({error}). "
            "Upgrade penchant, or tune again."
        ) from error
    base, digest = str(about["base"]), str(about["base_digest"])
    return SavedAdapter(way, base, digest, state, pooling, about.get("prompt"), about.get("length"))


def load_adapter(folder: str | Path, module: nn.Module) -> Tuning:
    """Put a saved adapter on an untuned model in place.

    Returns:
        how it was tuned.

    Raises:
        DamagedBundle: it is not what was written.
        BundleError: it was tuned on another base, with another pooling or prompt, or there is none.
        UsageError: the model is tuned already.
    """
    saved = read_adapter(folder)
    check_base(saved, module, str(folder))
    apply_tuning(module, saved.way)
    load_tuned_state(module, saved.state)
    return saved.way


def check_base(saved: SavedAdapter, module: Any, where: str) -> None:
    """Refuse an adapter of another base, or of other vectors of this one.

    Another length is said and not refused: only texts longer than the shorter of the two have other
    vectors, and the adapter means the same for them.

    Raises:
        BundleError: it is.
    """
    if saved.base_digest != module.digest:
        raise BundleError(
            f"{where} was tuned on {saved.base} (digest {saved.base_digest[:12]}), and this is "
            f"{_name_of(module)} (digest {module.digest[:12]}): over it, it would mean nothing. "
            "Load it over its own base."
        )
    recipe = _recipe_of(module)
    if recipe is None or saved.pooling is None:
        return
    for name, then, now in (
        ("pooling", saved.pooling, recipe.pooling),
        ("prompt", saved.prompt, recipe.prompt),
    ):
        if then != now:
            raise BundleError(
                f"{where} was tuned with {name}={then!r}, and this language model has {now!r}: over "
                f"it, it would mean something else. Open the model as load_backbone(..., "
                f"{name}={then!r})."
            )
    length = _length_of(module)
    if saved.length is not None and saved.length != length:
        log.warning(
            "%s was tuned on texts cut after %d tokens, and this language model cuts after %d: a "
            "longer text has another vector than it had in tuning; load_backbone(..., length=%d) "
            "cuts as then",
            where,
            saved.length,
            length,
            saved.length,
        )


def _recipe_of(module: Any) -> Recipe | None:
    """How a ``Backbone`` makes a text's vector; None of a ``LanguageModel``, which makes none."""
    found = getattr(module, "recipe", None)
    return found if isinstance(found, Recipe) else None


def _length_of(module: Any) -> int:
    """Tokens after which a model cuts a text when no way of tuning takes places of them."""
    into = installed_on(module)
    return int(module.length if into is None or into.length is None else into.length)


def _name_of(module: Any) -> str:
    known = getattr(module, "name", None) or getattr(module.model, "name_or_path", None)
    return Path(str(known)).name if known else type(module.model).__name__
