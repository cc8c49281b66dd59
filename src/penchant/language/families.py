"""What kind of transformer a model is, where its layers are, and how many tokens it can place."""

from __future__ import annotations

from typing import Any, Literal

from torch import nn
from transformers.models.auto import modeling_auto as names

from penchant.core import Unsupported

Family = Literal["encoder", "decoder", "encoder-decoder"]
"""Reads in both directions | left to right | both, one after the other."""

_SEQ2SEQ = dict(names.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES)
_MASKED = dict(names.MODEL_FOR_MASKED_LM_MAPPING_NAMES)
_CAUSAL = dict(names.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)


def family_of(config: Any) -> Family:
    """The family of a model, from its configuration.

    BERT and its kin can be opened with a causal head too, and BART with a masked one, so the order
    of the questions matters: what has two parts is an encoder-decoder, what can fill in a mask an
    encoder, and what can only continue a text a decoder.
    """
    if config.model_type in _SEQ2SEQ:
        return "encoder-decoder"
    if config.model_type in _CAUSAL and config.model_type not in _MASKED:
        return "decoder"
    return "encoder"


def blocks_of(model: nn.Module) -> list[nn.Module]:
    """The transformer layers of a model, bottom up; those of an encoder before a decoder's.

    They are the list of modules that is as long as the configuration says there are layers,
    nearest to the top of the module tree (a layer may hold lists of its own), wherever a way of
    tuning has wrapped it.

    Raises:
        Unsupported: there is no such list, as in ALBERT, whose layers share their weights.
    """
    config: Any = model.config
    config = config.get_text_config() if hasattr(config, "get_text_config") else config
    counts = [getattr(config, "num_hidden_layers", None), getattr(config, "num_layers", None)]
    decoder = getattr(config, "num_decoder_layers", None) or getattr(config, "decoder_layers", None)
    counts.append(decoder)
    found = _topmost_lists(model, {count for count in counts if count})
    if not found:
        raise Unsupported(
            f"a model of type {config.model_type!r} has no list of {counts[0]} layers, so its layers "
            "cannot be told apart. Choose another language model, or tune it whole."
        )
    return [block for blocks in found for block in blocks]


def places(model: nn.Module) -> int | None:
    """How many tokens a model has a position for; None where positions are relative without end."""
    config: Any = model.config
    most = getattr(config.get_text_config(), "max_position_embeddings", None)
    if most is None:
        return None
    # RoBERTa and its kin count from behind the padding's id, so the first positions are never used
    tables = (part for path, part in model.named_modules() if path.endswith("position_embeddings"))
    padding = next((getattr(table, "padding_idx", None) for table in tables), None)
    return max(1, int(most) - (0 if padding is None else int(padding) + 1))


def _topmost_lists(module: nn.Module, lengths: set[int]) -> list[nn.ModuleList]:
    if isinstance(module, nn.ModuleList) and len(module) in lengths:
        return [module]
    return [found for child in module.children() for found in _topmost_lists(child, lengths)]
