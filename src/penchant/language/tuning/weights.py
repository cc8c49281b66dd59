"""Ways that train weights the model has: all of them, those of the top blocks, the biases."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from . import anatomy
from .installed import Installed
from .ways import BitFit, Full, TopLayers


def train_weights(module: Any, into: Installed, way: Full | TopLayers | BitFit) -> None:
    """Choose the weights that a way trains."""
    match way:
        case Full():
            _all(module, into)
        case TopLayers():
            _top(module, into, way)
        case BitFit():
            _biases(module, into, way)


def _all(module: Any, into: Installed) -> None:
    into.trained += [
        f"model.{path}" for path, _ in module.model.named_parameters() if not anatomy.unused(path)
    ]


def _top(module: Any, into: Installed, way: TopLayers) -> None:
    tops = anatomy.top_blocks(module.model, way.layers) + anatomy.final_norms(module.model)
    for path, part in tops:
        into.trains(f"model.{path}", part)


def _biases(module: Any, into: Installed, way: BitFit) -> None:
    model = module.model
    sites = anatomy.sites(model, way.layers)
    places = [path for path, _ in anatomy.top_blocks(model, way.layers)]
    places += [path for path, _ in anatomy.final_norms(model)]
    found = [
        path
        for path, _ in model.named_parameters()
        if path.endswith("bias") and (way.layers is None or _inside(path, places))
    ]
    head = anatomy.trunk(model)[0]
    found = [path for path in found if not anatomy.unused(path) and _of_trunk(path, head, places)]
    # a model without any, such as Llama, gets biases of zero on its linear layers
    if not any(f"{site.path}.bias" in found for site in sites):
        for site in sites:
            weight: torch.Tensor = getattr(site.layer, "weight")  # noqa: B009 - a Module's attribute is typed loosely
            zeros = nn.Parameter(weight.new_zeros(weight.shape[0]))
            into.put(module, f"model.{site.path}.bias", zeros)
            found.append(f"{site.path}.bias")
    into.trained += [f"model.{path}" for path in found]


def _inside(path: str, places: list[str]) -> bool:
    return any(path.startswith(f"{place}.") for place in places)


def _of_trunk(path: str, head: str, places: list[str]) -> bool:
    # the biases of a language-modelling head are as many as there are words
    return not head or path.startswith(f"{head}.") or _inside(path, places)
