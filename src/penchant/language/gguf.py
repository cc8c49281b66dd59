"""GGUF files: turned once into a folder of float32 weights, which opens in a second.

A GGUF holds a whole model, tokenizer included, in few bits a weight. transformers reads one into
ordinary float weights that can be trained, but parses it anew each time (22 s for the packaged
``SmolLM2-135M-Instruct`` on an idle core, against 0.5 s for its converted folder) and refuses to
save it again. So its weights are copied into a plain model, and that one is kept.
"""

from __future__ import annotations

import contextlib
import copy
import importlib.util
import io
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from penchant.core import MissingDependency, ModelNotFound, bar

from .cache import cache_folder
from .files import file_digest

CONVERSION = "1"
"""Part of a converted folder's name: raised when the same file would give another folder."""


def converted(file: Path) -> tuple[Path, str]:
    """The folder that holds a GGUF file's model as safetensors, made where it is not there yet.

    Args:
        file: the GGUF file.

    Returns:
        the folder, ``cache_folder() / "converted" / <digest>``, and the SHA-256 (hex) of the file.

    Raises:
        MissingDependency: the package gguf is not installed, and the folder is not there yet.
        ModelNotFound: the file is damaged, or of an architecture that transformers cannot read.
    """
    digest = file_digest(file)
    folder = cache_folder() / "converted" / f"{digest[:32]}-{CONVERSION}"
    if (folder / "config.json").is_file():
        return folder, digest
    if importlib.util.find_spec("gguf") is None:
        raise MissingDependency(
            f"{file.name} is a GGUF file, and reading one needs the package gguf: pip install gguf"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = folder.with_name(f".{folder.name}.{os.urandom(6).hex()}.part")
    try:
        aside.mkdir()
        with bar(1, f"converting {file.name}, once", "model", at_once=True) as shown:
            _convert(file, aside)
            shown.update()
        _place(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder, digest


def _convert(file: Path, folder: Path) -> None:
    import torch
    from transformers import AutoConfig, AutoTokenizer

    from .opening import class_for, silent

    # alone in a folder: files that happen to lie beside it must have no say
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".gguf-") as alone:
        _link(file, Path(alone) / "model.gguf")
        named: dict[str, Any] = {
            "gguf_file": "model.gguf",
            "local_files_only": True,
            "trust_remote_code": False,
        }
        try:
            # transformers draws a bar here that its own switch does not reach
            with silent(), contextlib.redirect_stderr(io.StringIO()):
                config = AutoConfig.from_pretrained(alone, **named)
                config.name_or_path = ""  # the file's own free text
                plain = copy.deepcopy(config)
                opener = class_for(config, head=True)
                read = opener.from_pretrained(alone, config=config, dtype=torch.float32, **named)
                model = opener.from_config(plain, dtype=torch.float32)
                model.load_state_dict(read.state_dict())
                model.save_pretrained(folder)
                AutoTokenizer.from_pretrained(alone, **named).save_pretrained(folder)
        # gguf and transformers raise whatever the bytes of a damaged file lead them to
        except Exception as error:
            raise ModelNotFound(
                f"{file}: transformers cannot read this GGUF file ({type(error).__name__}: "
                f"{str(error)[:200]}). Fetch it again, or choose a model in safetensors."
            ) from error


def _link(file: Path, place: Path) -> None:
    try:
        place.symlink_to(file.resolve())
    except OSError:  # Windows lets few people make links
        shutil.copyfile(file, place)


def _place(aside: Path, folder: Path) -> None:
    for path in aside.iterdir():
        with path.open("rb+") as written:  # Windows syncs only what is open for writing
            os.fsync(written.fileno())
    try:
        aside.rename(folder)
    except OSError:
        if not (folder / "config.json").is_file():  # else another process was quicker
            raise
