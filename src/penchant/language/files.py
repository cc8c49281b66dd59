"""What a model's folder must hold before transformers may see it, and the name of its contents."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from penchant.core import ModelNotFound, Unsupported

from .recipe import read_json

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack")

# keys by which a configuration asks for code from elsewhere; transformers follows some of them
# even with trust_remote_code=False (an attention kernel named as "owner/repo" is fetched and run)
_CODE_KEYS = ("auto_map", "attn_implementation", "experts_implementation", "custom_pipelines")


def checked_config(folder: Path) -> dict[str, Any]:
    """``config.json`` without anything that names code, after a look at the weights beside it.

    Raises:
        ModelNotFound: no ``config.json``, no weights, or not JSON.
        Unsupported: weights in pickle only, or a tokenizer that needs code of its own.
    """
    config = read_json(folder / "config.json", None)
    if not isinstance(config, dict):
        raise ModelNotFound(f"{folder}: no usable config.json, so it is no language model.")
    if not any(folder.glob("*.safetensors")):
        pickles = [path.name for kind in _PICKLES for path in folder.glob(kind)]
        if pickles:
            raise Unsupported(
                f"{folder}: the weights are only there as {pickles[0]}, a format that can run code "
                "when it is opened. Choose a model with model.safetensors, or convert it on a "
                "machine you can afford to lose (transformers: save_pretrained)."
            )
        raise ModelNotFound(
            f"{folder}: no model.safetensors, so there are no weights to load. Fetch the model "
            "again, or name the folder that holds its weights."
        )
    if "auto_map" in read_json(folder / "tokenizer_config.json", {}):
        raise Unsupported(
            f"{folder}: the tokenizer needs code of its own (auto_map), which penchant never runs. "
            "Choose another language model."
        )
    return _without_code(config)


def _without_code(part: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_code(value) if isinstance(value, dict) else value
        for key, value in part.items()
        if not key.lstrip("_").startswith(_CODE_KEYS)
    }


def folder_digest(folder: Path, purpose: str) -> str:
    """A SHA-256 (hex) over every file that has a say in the vectors, and a purpose.

    Reads the whole weights once a process (90 MB: 0.1 s), again where a file changed.
    """
    wanted = [
        path
        for pattern in (
            "*.json",
            "*.safetensors",
            "*.txt",
            "*.model",
            "*/config.json",
            "*_Pooling/*.safetensors",
        )
        for path in folder.glob(pattern)
    ]
    digest = hashlib.sha256(purpose.encode())
    for path in sorted(wanted):
        digest.update(json.dumps([path.relative_to(folder).as_posix(), file_digest(path)]).encode())
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """A file's SHA-256 (hex), read once a process and again where the file changed."""
    state = path.stat()
    return _digest_of(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4096)
def _digest_of(path: Path, changed: int, size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
