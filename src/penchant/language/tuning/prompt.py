"""Prompt tuning (Lester et al. 2021): learned token vectors before the text.

PEFT has it, but wraps the model so that the states of the virtual tokens come out with those of
the text, and pooling would read them. Here two hooks put them in and take them out again, so every
way of pooling, and a head, see the text's tokens only.
"""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor, nn

from penchant.core import Unsupported, UsageError, generator
from penchant.language.families import places

from . import anatomy
from .installed import Installed
from .ways import PromptTuning


def add_prompt(module: Any, into: Installed, way: PromptTuning, seed: int) -> None:
    """Virtual tokens that begin as the vectors of random words (Lester et al. 2021, section 3.2)."""
    name, trunk = anatomy.trunk(module.model)
    _make_room(module, into, way.tokens)
    words: Tensor = trunk.get_input_embeddings().weight
    chosen = generator(seed, "adapter").integers(len(words), size=way.tokens)
    prompt = nn.Parameter(words.detach()[torch.from_numpy(chosen).to(words.device)].clone())
    where = ".".join(part for part in ("model", name, "prompt") if part)
    into.put(module, where, prompt)
    into.trains(where, prompt)
    if _take_out not in trunk._forward_hooks.values():
        trunk.register_forward_pre_hook(_put_in, with_kwargs=True)
        trunk.register_forward_hook(_take_out)


def _make_room(module: Any, into: Installed, tokens: int) -> None:
    most = places(module.model)
    if most is None or not hasattr(module, "length"):
        return
    if tokens >= most:
        raise UsageError(
            f"PromptTuning.tokens is {tokens}, and this language model places {most} tokens, "
            "so no room is left for the text. Take fewer tokens."
        )
    into.shorten(module, most - tokens)


# the hooks hold no model of their own, so a copied model has hooks that work on the copy


def _put_in(
    trunk: Any, given: tuple[Any, ...], named: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    prompt: Tensor | None = trunk.prompt
    if prompt is None:
        return None
    names = list(inspect.signature(trunk.forward).parameters)
    named = dict(zip(names, given, strict=False)) | named
    _refuse_cache(named.get("past_key_values"))
    ids, vectors = named.pop("input_ids", None), named.get("inputs_embeds")
    if vectors is None:
        vectors = trunk.get_input_embeddings()(ids)  # (batch, length, dim)
    batch, length = vectors.shape[:2]
    added = prompt.to(vectors.dtype).expand(batch, -1, -1)  # (batch, tokens, dim)
    named["inputs_embeds"] = torch.cat([added, vectors], dim=1)
    mask = named.get("attention_mask")
    mask = torch.ones(batch, length, device=vectors.device) if mask is None else mask
    named["attention_mask"] = _widened(mask, len(prompt), 1)
    if named.get("token_type_ids") is not None:
        named["token_type_ids"] = _widened(named["token_type_ids"], len(prompt), 0)
    if named.get("position_ids") is not None:
        first = torch.arange(len(prompt), device=vectors.device).expand(batch, -1)
        moved = named["position_ids"].expand(batch, -1) + len(prompt)
        named["position_ids"] = torch.cat([first, moved], dim=1)
    return (), named


def _take_out(trunk: Any, _: Any, output: Any) -> Any:
    if trunk.prompt is None:
        return output
    first = len(trunk.prompt)
    if isinstance(output, tuple):
        return (output[0][:, first:], *output[1:])
    output.last_hidden_state = output.last_hidden_state[:, first:]
    if getattr(output, "hidden_states", None) is not None:
        output.hidden_states = tuple(states[:, first:] for states in output.hidden_states)
    return output


def _widened(mask: Tensor, tokens: int, value: int) -> Tensor:
    return torch.cat([mask.new_full((len(mask), tokens), value), mask], dim=1)


def _refuse_cache(cache: Any) -> None:
    if cache is not None and cache.get_seq_length() > 0:
        raise Unsupported(
            "a model with a tuned prompt cannot go on from cached keys and values. "
            "Call it with the whole text, or generate with use_cache=False."
        )
