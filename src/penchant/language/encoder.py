"""A transformer that turns texts into vectors."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoConfig, AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging

from penchant.core import ModelNotFound, Unsupported

from .batches import batches_by_length
from .files import checked_config
from .pooling import pooled
from .recipe import Recipe, read_recipe

log = logging.getLogger(__name__)

chatter: Any = transformers_logging  # its functions carry no types

TOKENS_A_BATCH = 8192
"""Tokens of one forward pass, padding included: 40 MB of activations in MiniLM."""

UNKNOWN_SHARE = 0.2
"""Share of unknown tokens above which an encoder is of the wrong language: English has 0."""


class TransformerEncoder:
    """A frozen transformer with its tokenizer and its own way of pooling.

    Attributes:
        dim: length of a vector.
        digest: SHA-256 (hex) over weights, tokenizer and pooling.
        length: tokens after which a text is cut.
    """

    def __init__(
        self, model: Any, tokenizer: Any, recipe: Recipe, length: int, digest: str
    ) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._recipe = recipe
        self._warned = False
        self.length = length
        self.digest = digest
        self.dim = int(model.config.get_text_config().hidden_size) * len(recipe.pooling)

    @classmethod
    def load(cls, folder: Path, digest: str, device: str | None = None) -> Self:
        """Open the model in a folder; nothing is downloaded and no code of the folder runs.

        Raises:
            ModelNotFound: files are missing, or weights.
            Unsupported: pickled weights, code of its own, unknown pooling.
        """
        recipe, fields = read_recipe(folder), checked_config(folder)
        with _silent():
            model, tokenizer = _model(folder, fields), _tokenizer(folder)
        place = device or ("cuda" if torch.cuda.is_available() else "cpu")
        length = recipe.length or _limit(model.config, tokenizer)
        return cls(model.to(place).eval(), tokenizer, recipe, length, digest)

    def encode(self, texts: tuple[str, ...]) -> NDArray[np.float32]:
        """Vectors (texts, dim) float32; a text's vector does not depend on the texts beside it."""
        out = np.zeros((len(texts), self.dim), np.float32)
        if not texts:
            return out
        tokens = self._tokens(texts)
        lengths = np.fromiter((len(row) for row in tokens), np.int64, len(tokens))
        for rows in batches_by_length(lengths, TOKENS_A_BATCH):
            out[rows] = self._forward([tokens[row] for row in rows])
        return out

    def _tokens(self, texts: tuple[str, ...]) -> list[list[int]]:
        ready = [self._recipe.prompt + _sound(text) for text in texts]
        if self._recipe.lower:
            ready = [text.lower() for text in ready]
        found = self._tokenizer(
            ready, truncation=True, max_length=self.length, return_attention_mask=False
        )
        self._warn_of_unknown(found["input_ids"])
        nothing = [self._tokenizer.pad_token_id or self._tokenizer.eos_token_id or 0]
        return [row or nothing for row in found["input_ids"]]

    def _warn_of_unknown(self, tokens: list[list[int]]) -> None:
        unknown = self._tokenizer.unk_token_id
        if self._warned or unknown is None:
            return
        met = sum(row.count(unknown) for row in tokens)
        share = met / max(1, sum(map(len, tokens)))
        if share > UNKNOWN_SHARE:
            self._warned = True
            log.warning(
                "%.0f %% of the tokens are unknown to this language model, so it cannot tell these "
                "texts apart well; choose one made for their language",
                100 * share,
            )

    @torch.inference_mode()
    def _forward(self, tokens: list[list[int]]) -> NDArray[np.float32]:
        lengths = torch.tensor([len(row) for row in tokens])
        longest = int(lengths.max())
        fill = self._tokenizer.pad_token_id or 0
        ids = torch.tensor([row + [fill] * (longest - len(row)) for row in tokens])
        mask = torch.arange(longest)[None, :] < lengths[:, None]  # (batch, length)
        ids, mask = ids.to(self._model.device), mask.to(self._model.device)
        states = self._model(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        vectors = pooled(states.float(), mask, self._recipe)  # (batch, length, dim) -> (batch, dim)
        result: NDArray[np.float32] = vectors.cpu().numpy()
        return result


def _model(folder: Path, fields: dict[str, Any]) -> Any:
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


def _tokenizer(folder: Path) -> Any:
    try:
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise _unusable(folder, error) from error


def _unusable(folder: Path, error: Exception) -> ModelNotFound:
    return ModelNotFound(
        f"{folder}: transformers cannot open it ({type(error).__name__}: {str(error)[:200]}). "
        "Fetch the model again, or choose another one."
    )


def _limit(config: Any, tokenizer: Any) -> int:
    # tokenizers without a limit of their own say 10**30; RoBERTa's positions begin at 2
    positions = getattr(config.get_text_config(), "max_position_embeddings", None) or 514
    return int(min(tokenizer.model_max_length, max(1, positions - 2)))


def _sound(text: str) -> str:
    # half a surrogate pair is no character and no tokenizer takes it
    return text.encode("utf-8", "replace").decode("utf-8")


@contextmanager
def _silent() -> Iterator[None]:
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
