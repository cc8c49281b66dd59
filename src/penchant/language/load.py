"""Open an encoder by name."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.core import Encoder, MissingDependency

from .files import folder_digest
from .resolve import DEFAULT_MODEL, find_model

if TYPE_CHECKING:
    from .backbone import Backbone

REVISION = "penchant encoding 1"
"""Part of every encoder's digest: raised when the same files would give other vectors."""


def load_encoder(name: str | Path = DEFAULT_MODEL, device: str | None = None) -> Encoder:
    """A frozen language model that turns texts into vectors.

    Args:
        name: a packaged model, a folder, or a Hugging Face id (see ``find_model``).
        device: such as ``"cpu"`` or ``"cuda"``; by default the GPU where there is one.

    Raises:
        ModelNotFound: no such model, or its folder is incomplete.
        Unsupported: weights in pickle only, code of its own, or an unknown way of pooling.
        MissingDependency: torch or transformers is not installed.
    """
    folder = find_model(name).resolve()
    return _opened(folder, folder_digest(folder, REVISION), device)


def load_backbone(name: str | Path = DEFAULT_MODEL, device: str | None = None) -> Backbone:
    """A language model that can be tuned; each call opens a fresh one.

    Args and errors: those of ``load_encoder``.
    """
    folder = find_model(name).resolve()
    digest = folder_digest(folder, REVISION)
    try:
        from .backbone import Backbone
    except ImportError as error:
        raise _needs_torch(error) from error
    return Backbone.open(folder, digest, device)


@lru_cache(maxsize=2)
def _opened(folder: Path, digest: str, device: str | None) -> Encoder:
    try:
        from .encoder import TransformerEncoder
    except ImportError as error:
        raise _needs_torch(error) from error
    return TransformerEncoder.load(folder, digest, device)


def _needs_torch(error: ImportError) -> MissingDependency:
    return MissingDependency(
        f"a language model needs torch and transformers ({error}): pip install torch transformers"
    )
