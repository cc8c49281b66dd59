"""A backbone as a folder of sentence-transformers, written and read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from transformers import PreTrainedModel

from penchant.core import ModelNotFound, UsageError
from penchant.store import atomic_write

from .opening import silent
from .pooling import AttentionPooling
from .tuning import adds_parts

if TYPE_CHECKING:
    from .backbone import Backbone

POOLING = "1_Pooling"
WEIGHTS = "model.safetensors"


def read_attention(folder: Path, attention: AttentionPooling | None) -> None:
    """Put the learned weights of a folder into a pooling, where there are both."""
    path = folder / POOLING / WEIGHTS
    if attention is None or not path.is_file():
        return
    try:
        attention.load_state_dict(load(path.read_bytes()))
    except (SafetensorError, RuntimeError) as error:
        raise ModelNotFound(
            f"{path}: the weights of the pooling cannot be read ({error}). Fetch the model again."
        ) from error


def save_backbone(backbone: Backbone, folder: Path) -> None:
    """Write a backbone so that it opens again with equal vectors."""
    model = backbone.model
    if not isinstance(model, PreTrainedModel) or adds_parts(backbone):
        raise UsageError(
            "the model has parts of a way of tuning that its folder cannot hold. Merge that into the "
            "weights first (bitfit cannot be on a model without biases), or save the adapter alone."
        )
    folder.mkdir(parents=True, exist_ok=True)
    with silent():
        model.save_pretrained(folder)
        backbone.tokenizer.save_pretrained(folder)
    recipe = backbone.recipe
    steps = ["Transformer", "Pooling", *(["Normalize"] if recipe.normalised else [])]
    modules = [
        {
            "idx": place,
            "name": str(place),
            "path": f"{place}_{step}" if place else "",
            "type": f"sentence_transformers.models.{step}",
        }
        for place, step in enumerate(steps)
    ]
    pooling = {
        "word_embedding_dimension": backbone.dim // len(recipe.pooling),
        "pooling_mode": recipe.pooling[0] if len(recipe.pooling) == 1 else list(recipe.pooling),
        "include_prompt": recipe.prompt_pooled,
    }
    prompts = dict(recipe.prompts) | ({"default": recipe.prompt} if recipe.prompt else {})
    asked = {"prompts": prompts, "default_prompt_name": "default" if recipe.prompt else None}
    _write(folder / POOLING / "config.json", pooling)
    _write(
        folder / "sentence_bert_config.json",
        {"max_seq_length": backbone.length, "do_lower_case": recipe.lower},
    )
    _write(folder / "config_sentence_transformers.json", asked)
    if backbone.attention is not None:
        atomic_write(folder / POOLING / WEIGHTS, save(backbone.attention.state_dict()))
    _write(folder / "modules.json", modules)


def _write(path: Path, content: Any) -> None:
    atomic_write(path, json.dumps(content, indent=2).encode())
