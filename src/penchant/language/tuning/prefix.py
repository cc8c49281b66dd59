"""Prefix tuning (Li and Liang 2021): learned keys and values before those of the text.

PEFT hands the prefix over as a cache of past keys and values, which encoders do not take. Here it
enters where transformers computes attention, so it works alike on encoders and decoders, and on
the top blocks alone. The text keeps its places: behind the prefix they would not be those at which
the blocks below the prefix read it.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from penchant.core import Unsupported, generator

from . import anatomy
from .installed import Installed
from .ways import PrefixTuning

ATTENTION = "penchant_prefix"
"""Name of this attention among those of transformers."""

_CROSS = ("EncDecAttention", "crossattention", "encoder_attn", "cross_attn")

Seen = list[tuple[nn.Module, Tensor, Tensor]]
_seen: ContextVar[Seen | None] = ContextVar("seen", default=None)


def add_prefixes(module: Any, into: Installed, way: PrefixTuning, seed: int) -> None:
    """Prefixes that begin as the keys and values of random words (Li and Liang 2021, section 7.4)."""
    model = module.model
    names = {part: path for path, part in model.named_modules()}
    places = tuple(f"{path}." for path, _ in anatomy.top_blocks(model, way.layers))
    found = 0
    for part, key, value in _keys_and_values(model, way.tokens, seed):
        path = names[part]
        if not path.startswith(places) or any(word in path for word in _CROSS):
            continue
        prefix = nn.Parameter(torch.stack([key[0], value[0]]).clone())  # (2, heads, tokens, width)
        into.put(module, f"model.{path}.prefix", prefix)
        into.trains(f"model.{path}.prefix", prefix)
        found += 1
    if not found:
        raise Unsupported(
            f"the attention of {type(model).__name__} cannot take a prefix: transformers does not "
            "compute it by its attention interface. Tune it with prompt, lora or adapters."
        )


def attend(  # noqa: PLR0913, PLR0917 - the signature is transformers'
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    is_causal: bool | None = None,
    position_bias: Tensor | None = None,
    **named: Any,
) -> tuple[Tensor, None]:
    """Attention with the module's prefix, which every token sees and none of them masks.

    Args:
        module: an attention layer; its ``prefix`` is (2, heads, tokens, width) or missing.
        query: (batch, heads, length, width).
        key: (batch, key heads, keys, width).
        value: the same shape.
        attention_mask: (batch, 1, length, keys) bool or additive, or None.
        is_causal: whether a token sees those before it only; by default what the module says.
        position_bias: (1, heads, length, keys), added to the scores.
        named: what else transformers hands over.
    """
    seen = _seen.get()
    if seen is not None:
        seen.append((module, key.detach(), value.detach()))
    prefix: Tensor | None = getattr(module, "prefix", None)
    if prefix is not None:
        causal = getattr(module, "is_causal", True) if is_causal is None else is_causal
        if attention_mask is None and causal and query.shape[2] > 1:
            attention_mask = _causal(query.shape[2], key.shape[2], key.device)
        attention_mask = _seen_by_all(attention_mask, prefix.shape[2])
        position_bias = _seen_by_all(position_bias, prefix.shape[2])
        both = prefix.to(key.dtype)[:, None].expand(-1, len(key), -1, -1, -1)
        key = torch.cat([both[0], key], dim=2)
        value = torch.cat([both[1], value], dim=2)
        is_causal = False
    if position_bias is not None:
        named["position_bias"] = position_bias
    out: tuple[Tensor, None] = sdpa_attention_forward(
        module, query, key, value, attention_mask, is_causal=is_causal, **named
    )
    return out


def _causal(length: int, keys: int, device: torch.device) -> Tensor:
    grid = torch.ones(length, keys, dtype=torch.bool, device=device)
    return grid.tril(keys - length)[None, None]


def _seen_by_all(mask: Tensor | None, tokens: int) -> Tensor | None:
    if mask is None:
        return None
    plain = True if mask.dtype == torch.bool else 0.0
    return torch.cat([mask.new_full((*mask.shape[:-1], tokens), plain), mask], dim=-1)


def _keys_and_values(model: Any, tokens: int, seed: int) -> Seen:
    """Each attention layer that transformers runs, with the keys and values of random words."""
    AttentionInterface.register(ATTENTION, attend)
    AttentionMaskInterface.register(ATTENTION, sdpa_mask)
    if model.config._attn_implementation not in ("sdpa", ATTENTION):
        return []
    model.set_attn_implementation(ATTENTION)
    words = model.config.get_text_config().vocab_size
    chosen = generator(seed, "adapter").integers(words, size=(1, tokens))
    ids = torch.from_numpy(chosen).to(model.device)
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if getattr(model.config, "is_encoder_decoder", False) and model.get_encoder() is not model:
        given["decoder_input_ids"] = ids
    seen: Seen = []
    token = _seen.set(seen)
    training = model.training
    try:
        with torch.no_grad():
            model.eval()(**given)
    finally:
        _seen.reset(token)
        model.train(training)
    return seen
