"""Opening transformers' models and tokenizers from a folder: weights are read, code is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging

from penchant.core import ModelNotFound, Unsupported

chatter: Any = transformers_logging  # its functions carry no types


def open_model(folder: Path, fields: dict[str, Any]) -> Any:
    """The transformer without a head, with the weights of the folder."""
    kind = fields.pop("model_type", None)
    try:
        config = AutoConfig.for_model(kind, **fields)
    except ValueError as error:
        raise Unsupported(
            f"{folder}: transformers has no model of type {kind!r} (it needs code of its own, which "
            "penchant never runs, or a newer transformers). Choose another language model."
        ) from error
    try:
        model, report = AutoModel.from_pretrained(
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
    missing = sorted(key for key in report["missing_keys"] if not key.startswith("pooler."))
    if missing:
        raise ModelNotFound(
            f"{folder}: the weights lack {missing[0]} and {len(missing) - 1} more tensors, so the "
            "model would answer at random. Fetch the model again."
        )
    return model


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


def token_limit(config: Any, tokenizer: Any) -> int:
    """The most tokens that the model can place."""
    # tokenizers without a limit of their own say 10**30; RoBERTa's positions begin at 2
    positions = getattr(config.get_text_config(), "max_position_embeddings", None) or 514
    return int(min(tokenizer.model_max_length, max(1, positions - 2)))


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
