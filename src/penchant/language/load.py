"""Open a language model by name: frozen, to be tuned, or with its head."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from penchant.core import Encoder, MissingDependency

from .files import folder_digest
from .gguf import converted
from .resolve import DEFAULT_DECODER, DEFAULT_MODEL, find_model

if TYPE_CHECKING:
    from .backbone import Backbone
    from .language_model import LanguageModel

REVISION = "penchant encoding 1"
"""Part of every encoder's digest: raised when the same files would give other vectors."""


def load_encoder(name: str | Path = DEFAULT_MODEL, device: str | None = None) -> Encoder:
    """A frozen language model that turns texts into vectors.

    Args:
        name: a packaged model, a folder, a GGUF file or a Hugging Face id (see ``find_model``).
        device: such as ``"cpu"`` or ``"cuda"``; by default the GPU where there is one.

    Raises:
        ModelNotFound: no such model, or its folder is incomplete.
        Unsupported: weights in pickle only, code of its own, or an unknown way of pooling.
        MissingDependency: torch or transformers is not installed, or gguf where it is needed.
    """
    return _opened(*_found(name), device)


def load_backbone(
    name: str | Path = DEFAULT_MODEL,
    device: str | None = None,
    *,
    pooling: str | Sequence[str] | None = None,
    prompt: str | None = None,
    length: int | None = None,
) -> Backbone:
    """A language model that can be tuned; each call opens a fresh one.

    Args:
        name: as in ``load_encoder``.
        device: as in ``load_encoder``.
        pooling: how token vectors become a text's vector, one or more of ``"cls" "mean" "max"
            "mean_sqrt_len" "weightedmean" "lasttoken" "attention"``; by default what the model's
            folder says, and where it says nothing the last token of a decoder and the mean of
            anything else. ``"attention"`` is a mean with learned weights: it has to be trained.
        prompt: words put before each text (``"query: "``), or the name of a prompt that the model's
            folder holds; by default the folder's default prompt.
        length: tokens after which a text is cut, at most what the model can place; by default what
            the folder says, or 512.

    Raises:
        UsageError: no such pooling, or a prompt that would run into the text.
        ModelNotFound, Unsupported, MissingDependency: as ``load_encoder``.
    """
    folder, digest = _found(name)
    backbone = _torch("backbone").Backbone
    return cast("Backbone", backbone.open(folder, digest, device, pooling, prompt, length))


def load_language_model(
    name: str | Path = DEFAULT_DECODER, device: str | None = None, *, new_head: bool = False
) -> LanguageModel:
    """A language model with its head, which says how likely words are; each call opens a fresh one.

    Args:
        name: as in ``load_encoder``.
        device: as in ``load_encoder``.
        new_head: make a head where the folder holds none, as sentence-transformers' folders do not.
            Its probabilities mean nothing until it is trained.

    Raises:
        Unsupported: the folder holds no head and ``new_head`` is off, or as ``load_encoder``.
        ModelNotFound, MissingDependency: as ``load_encoder``.
    """
    folder, digest = _found(name)
    model = _torch("language_model").LanguageModel
    return cast("LanguageModel", model.open(folder, digest, device, new_head))


@lru_cache(maxsize=2)
def _opened(folder: Path, digest: str, device: str | None) -> Encoder:
    return cast("Encoder", _torch("encoder").TransformerEncoder.load(folder, digest, device))


def _found(name: str | Path) -> tuple[Path, str]:
    """A model's folder and the digest of what it holds."""
    found = find_model(name)
    if found.is_file():
        folder, file = converted(found)
        # by the GGUF's own bytes: a newer transformers may write another config.json
        return folder, hashlib.sha256(f"{REVISION} {file}".encode()).hexdigest()
    folder = found.resolve()
    return folder, folder_digest(folder, REVISION)


def _torch(module: str) -> Any:
    try:
        return importlib.import_module(f".{module}", __package__)
    except ImportError as error:
        raise MissingDependency(
            f"a language model needs torch and transformers ({error}): pip install torch transformers"
        ) from error
