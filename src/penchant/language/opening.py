"""Opening transformers' models and tokenizers from a folder: weights are read, code is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    AutoModelForTextEncoding,
    AutoTokenizer,
)
from transformers.models.auto.modeling_auto import MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES
from transformers.utils import logging as transformers_logging

from penchant.core import ModelNotFound, Unsupported

from .families import family_of, places

ENDLESS = 512
"""Taken for the limit of a model whose positions are relative and have none, such as T5."""

chatter: Any = transformers_logging  # its functions carry no types


def class_for(config: Any, head: bool = False) -> Any:
    """What opens a model of this configuration: without a head, or with its language head."""
    family = family_of(config)
    if not head:
        # T5's encoder has a class of its own, which leaves the decoder's weights unread
        encoder = config.model_type in MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES
        return AutoModelForTextEncoding if family == "encoder-decoder" and encoder else AutoModel
    heads: dict[str, Any] = {
        "encoder": AutoModelForMaskedLM,
        "decoder": AutoModelForCausalLM,
        "encoder-decoder": AutoModelForSeq2SeqLM,
    }
    return heads[family]


def open_model(folder: Path, fields: dict[str, Any], head: bool = False) -> tuple[Any, list[str]]:
    """The transformer with the weights of the folder.

    Args:
        folder: where the weights are.
        fields: its configuration, cleaned by ``checked_config``.
        head: whether to open it with its language-model head.

    Returns:
        the model, of an encoder-decoder without a head its encoder alone, and the tensors of the
        head that the folder lacks.

    Raises:
        ModelNotFound: the weights lack a tensor of the transformer, or cannot be read.
        Unsupported: transformers has no such model.
    """
    kind = fields.pop("model_type", None)
    try:
        config = AutoConfig.for_model(kind, **fields)
        opener = class_for(config, head)
    except ValueError as error:
        raise Unsupported(
            f"{folder}: transformers has no model of type {kind!r} (it needs code of its own, which "
            "penchant never runs, or a newer transformers). Choose another language model."
        ) from error
    try:
        model, report = opener.from_pretrained(
            folder,
            config=config,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise _unusable(folder, error) from error
    except Exception as error:  # safetensors' own error derives from Exception alone
        if type(error).__name__ != "SafetensorError":
            raise
        raise _unusable(folder, error) from error
    # BERT's pooler is a head that none of our poolings reads; many files leave it out
    unread = {key for key in report["missing_keys"] if key.startswith("pooler.")}
    for key in unread:  # transformers fills it at random: no two openings would be the same
        torch.nn.init.zeros_(model.get_parameter(key))
    lacking = sorted(set(report["missing_keys"]) - unread)
    body = [key for key in lacking if not head or key.startswith(f"{model.base_model_prefix}.")]
    if body:
        raise ModelNotFound(
            f"{folder}: the weights lack {body[0]} and {len(body) - 1} more tensors, so the "
            "model would answer at random. Fetch the model again."
        )
    if not head and family_of(config) == "encoder-decoder" and hasattr(model, "get_encoder"):
        model = model.get_encoder() if opener is AutoModel else model
    return model, lacking


def open_tokenizer(folder: Path) -> Any:
    """The tokenizer of the folder."""
    try:
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise _unusable(folder, error) from error


def _unusable(folder: Path, error: Exception) -> ModelNotFound:
    return ModelNotFound(
        f"{folder}: transformers cannot open it ({type(error).__name__}: {str(error)[:200]}). "
        "Fetch the model again, or choose another one."
    )


def token_limit(model: Any, tokenizer: Any) -> int:
    """The most tokens that the model can place, the marks that its tokenizer adds included."""
    # tokenizers without a limit of their own say 10**30
    return int(min(tokenizer.model_max_length, places(model) or ENDLESS))


@contextmanager
def silent() -> Iterator[None]:
    """Keep transformers' notes and bars off standard error; ours are the only ones there."""
    level, bars = chatter.get_verbosity(), chatter.is_progress_bar_enabled()
    chatter.set_verbosity_error()
    chatter.disable_progress_bar()
    try:
        yield
    finally:
        chatter.set_verbosity(level)
        if bars:
            chatter.enable_progress_bar()
