"""The head that guesses tokens, where a model comes without one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from penchant.core import Unsupported
from penchant.language import load_language_model

if TYPE_CHECKING:
    from penchant.language import LanguageModel


def open_with_head(language: str | Path, device: str | None) -> tuple[LanguageModel, bool]:
    """A language model with its head, and whether that is new.

    A new head is the identity before the tied embeddings: a token's state is compared with the
    tokens' own vectors from the start, and no random matrix stands between.

    Raises:
        Unsupported: an encoder-decoder, or as ``load_language_model``.
    """
    try:
        model, fresh = load_language_model(language, device), False
    except Unsupported:
        model, fresh = load_language_model(language, device, new_head=True), True
        _make_plain(model)
    if model.kind == "seq2seq":
        raise Unsupported(
            f"{language}: pre-training guesses hidden tokens (encoders) or the next token "
            "(decoders); an encoder-decoder learns neither. Choose another language model."
        )
    return model, fresh


def head_parameters(model: LanguageModel) -> list[nn.Parameter]:
    """The parameters of the head alone; tied embeddings are the body's."""
    body = {id(weight) for weight in model.model.base_model.parameters()}
    return [weight for weight in model.model.parameters() if id(weight) not in body]


def _make_plain(model: LanguageModel) -> None:
    body = set(map(id, model.model.base_model.modules()))
    vectors = model.model.get_input_embeddings().weight
    with torch.no_grad():
        for part in model.model.modules():
            if id(part) in body or not isinstance(part, nn.Linear):
                continue
            if part.weight.shape[0] == part.weight.shape[1]:
                part.weight.copy_(torch.eye(len(part.weight)))
            elif part.weight.shape == vectors.shape:
                part.weight.copy_(vectors)  # no change where they are tied
            if part.bias is not None:
                part.bias.zero_()
