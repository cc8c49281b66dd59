"""LoRA, AdaLoRA and IA3 by PEFT, put into the model's own linear layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers.pytorch_utils import Conv1D

from penchant.core import MissingDependency, UsageError, generator

from . import anatomy
from .installed import Installed
from .ways import IA3, AdaLoRA, LoRA

ADAPTER = "default"
"""PEFT's name of the adapter; part of the parameters' names, so it never changes."""

_ROLES = {
    "query-value": ("query", "value", "fused"),
    "attention": ("query", "key", "value", "fused", "mixed"),
    "all": (*anatomy.ROLES, "inner"),
}


def add_low_rank(module: Any, into: Installed, way: LoRA | AdaLoRA, seed: int) -> None:
    """A low-rank matrix beside each chosen weight matrix; it is zero at the start.

    Raises:
        UsageError: a rank that none of the matrices can have.
    """
    sites = anatomy.wanted(module.model, way.layers, _ROLES[way.targets], type(way).__name__)
    _check_rank(way, sites)
    peft = _peft()
    common = {
        "lora_alpha": way.alpha,
        "lora_dropout": way.dropout,
        "target_modules": [site.path for site in sites],
        "fan_in_fan_out": isinstance(sites[0].layer, Conv1D),
    }
    if isinstance(way, LoRA):
        config = peft.LoraConfig(r=way.rank, **common)
    else:
        # the budget is kept by penchant.language.tuning.budget: PEFT's schedule is never run
        config = peft.AdaLoraConfig(
            init_r=way.start_rank, target_r=way.rank, total_step=1, tfinal=0, **common
        )
    _inject(module, into, config, sites, seed)


def add_factors(module: Any, into: Installed, way: IA3, seed: int) -> None:
    """A factor for each key, value and inner activation, one at the start.

    Where query, key and value are one matrix the queries have factors as well.
    """
    roles = ("key", "value", "fused", "outer")
    sites = anatomy.wanted(module.model, way.layers, roles, "IA3")
    config = _peft().IA3Config(
        target_modules=[site.path for site in sites],
        feedforward_modules=[site.path for site in sites if site.role == "outer"],
        fan_in_fan_out=isinstance(sites[0].layer, Conv1D),
    )
    _inject(module, into, config, sites, seed)


def _check_rank(way: LoRA | AdaLoRA, sites: Sequence[anatomy.Site]) -> None:
    # keys and values are narrower in models that share heads: what is too much there may serve the rest
    weights: list[Any] = [site.layer.weight for site in sites]
    most = max(min(weight.shape) for weight in weights)
    field, rank = ("rank", way.rank) if isinstance(way, LoRA) else ("start_rank", way.start_rank)
    if rank > most:
        raise UsageError(
            f"{type(way).__name__}.{field} is {rank}, and no matrix it would be added to has a rank "
            f"above {most}: more could learn nothing more. Take at most {most}, far fewer do."
        )


def _inject(
    module: Any, into: Installed, config: Any, sites: Sequence[anatomy.Site], seed: int
) -> None:
    model = module.model
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(generator(seed, "adapter").integers(2**31)))
        _peft().inject_adapter_in_model(config, model, adapter_name=ADAPTER)
    del model.peft_config  # PEFT's note of its own; what is applied stands in Installed
    for site in sites:
        name, layer = f"model.{site.path}", model.get_submodule(site.path)
        into.before[name], into.parts[name] = site.layer, layer
        into.trained += [
            f"{name}.{path}"
            for path, _ in layer.named_parameters()
            # AdaLoRA's ranknum is a constant that PEFT keeps among the parameters
            if not path.startswith(("base_layer.", "ranknum."))
        ]


def _peft() -> Any:
    try:
        import peft
    except ImportError as error:
        raise MissingDependency(
            f"LoRA, AdaLoRA and IA3 need peft ({error}): pip install peft"
        ) from error
    return peft
