"""Put a way of tuning on a language model, and take out what it learned."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from penchant.core import BundleError, UsageError

from . import anatomy
from .bottleneck import add_bottlenecks
from .installed import Installed
from .low_rank import add_factors, add_low_rank
from .prefix import add_prefixes
from .prompt import add_prompt
from .ways import (
    IA3,
    AdaLoRA,
    Adapters,
    BitFit,
    Full,
    LoRA,
    PrefixTuning,
    PromptTuning,
    TopLayers,
    Tuning,
)
from .weights import train_weights

_NOTE = "_tuning_installed"
_ADDED = "_tuning_added"


def apply_tuning(module: nn.Module, way: Tuning, seed: int = 0) -> None:
    """Put a way of tuning on a model in place; just its parameters are trainable afterwards.

    Parameters of ``module`` outside ``module.model``, such as those of attention pooling, belong to
    every way: they keep whether they are trainable, and are part of ``tuned_state``.

    Args:
        module: a ``Backbone``, a ``LanguageModel``, or any module whose ``model`` is a transformer of
            transformers.
        way: which parameters are trained, and which are added.
        seed: where added parameters begin.

    Raises:
        UsageError: the model is tuned already, or too short for the virtual tokens.
        Unsupported: the way does not fit this architecture.
        MissingDependency: peft is not installed.
    """
    done = tuning_of(module)
    if done is not None:
        raise UsageError(
            f"this language model is already tuned by {done!r}. Open a fresh one, take merged() of "
            "it first, or use an AdapterSet for several adapters over one base."
        )
    note(module, install(module, way, seed))


def tuning_of(module: nn.Module) -> Tuning | None:
    """The way of tuning that is on a model, or None."""
    found = installed_on(module)
    return None if found is None else found.way


def adds_parts(module: nn.Module) -> bool:
    """Whether a model has parts, of its way or merged into it, that no folder of a plain one holds."""
    found = installed_on(module)
    return bool(found is not None and found.parts) or getattr(module, _ADDED, False)


def tuned_state(module: nn.Module) -> dict[str, Tensor]:
    """What is tuned, by name: copies of the trained parameters and nothing of the base.

    The names are the same with and without a language-model head, so what a ``LanguageModel``
    learned below its head fits a ``Backbone`` of the same files.
    """
    names = trained_names(module)
    return {_plain(module, name): module.get_parameter(name).detach().clone() for name in names}


def tuned_digest(module: nn.Module, base: object) -> str:
    """SHA-256 (hex) of a base's digest with the way on a model, its settings and what is tuned."""
    # the settings too: alpha scales the same factors to other weights
    found = hashlib.sha256(f"{base} {tuning_of(module)!r}".encode())
    for name, weight in tuned_state(module).items():
        found.update(name.encode() + weight.float().cpu().numpy().tobytes())
    return found.hexdigest()


def load_tuned_state(module: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Put back what ``tuned_state`` took out of a model with the same way of tuning.

    Raises:
        BundleError: names or shapes are not those of this model and way.
    """
    names = {_plain(module, name): name for name in trained_names(module)}
    odd = sorted(set(names) ^ set(state))
    if odd:
        raise BundleError(
            f"the tuned weights do not fit this model: {odd[0]} and {len(odd) - 1} more names stand "
            "on one side only. Load them over the base and with the way they were tuned by."
        )
    for plain, name in names.items():
        weight = module.get_parameter(name)
        if weight.shape != state[plain].shape:
            raise BundleError(
                f"the tuned weights do not fit this model: {plain} has the shape "
                f"{tuple(state[plain].shape)} where {tuple(weight.shape)} is wanted. "
                "Load them over the base and with the way they were tuned by."
            )
    with torch.no_grad():
        for plain, name in names.items():
            module.get_parameter(name).copy_(state[plain])


def install(module: nn.Module, way: Tuning, seed: int) -> Installed:
    """Put a way on a model without noting it there."""
    holder: Any = module
    trainable = {
        name: weight.requires_grad
        for name, weight in module.named_parameters()
        if not name.startswith("model.")
    }
    into = Installed(way)
    _add(holder, into, way, seed)
    chosen = set(into.trained)
    for name, weight in module.named_parameters():
        weight.requires_grad_(name in chosen or trainable.get(name, False))
    return into


def installed_on(module: nn.Module) -> Installed | None:
    """The note of what was applied, or None."""
    found = getattr(module, _NOTE, None)
    return found if isinstance(found, Installed) else None


def note(module: nn.Module, into: Installed | None) -> None:
    """Note on a model what is applied; with None it counts as one that was never tuned."""
    setattr(module, _NOTE, into)


def note_added(module: nn.Module) -> None:
    """Note on a merged model that it has weights which the base has no place for."""
    setattr(module, _ADDED, True)


def trained_names(module: nn.Module) -> list[str]:
    """Names of the parameters that the way on a model trains, and of those outside the transformer.

    Raises:
        UsageError: no way of tuning is on the model.
    """
    into = installed_on(module)
    if into is None:
        raise UsageError("no way of tuning is on this language model. Call apply_tuning first.")
    outside = [name for name, _ in module.named_parameters() if not name.startswith("model.")]
    return [*into.trained, *outside]


def _plain(module: Any, name: str) -> str:
    head = f"model.{anatomy.body(module.model)}."
    return f"model.{name.removeprefix(head)}" if name.startswith(head) else name


def _add(module: Any, into: Installed, way: Tuning, seed: int) -> None:
    match way:
        case Full() | TopLayers() | BitFit():
            train_weights(module, into, way)
        case LoRA() | AdaLoRA():
            add_low_rank(module, into, way, seed)
        case IA3():
            add_factors(module, into, way, seed)
        case Adapters():
            add_bottlenecks(module, into, way, seed)
        case PrefixTuning():
            add_prefixes(module, into, way, seed)
        case PromptTuning():
            add_prompt(module, into, way, seed)
