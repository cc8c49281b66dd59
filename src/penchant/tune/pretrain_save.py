"""A pre-trained language model as a folder like any other."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.core import UsageError
from penchant.language import load_backbone
from penchant.store import atomic_write

if TYPE_CHECKING:
    from .pretraining import Pretrained

RECORD = "pretraining.json"
"""How the weights came about."""


def check_new(folder: Path) -> None:
    """Refuse a name that is taken.

    Raises:
        UsageError: there is a file, or a folder with something in it.
    """
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists():
        raise UsageError(f"{folder}: that name is taken. Name a new folder.")


def save_pretrained(found: Pretrained, folder: Path) -> None:
    """Write the folder aside, and give it its name when it is whole."""
    check_new(folder)
    target = folder.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{os.urandom(6).hex()}.part")
    try:
        _write(found, aside)
        _on_disk(aside)
        aside.rename(target)  # onto an empty folder, or none
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    _sync(target.parent)


def _write(found: Pretrained, folder: Path) -> None:
    backbone = load_backbone(found.language, "cpu")
    model: Any = found.model.model
    with _no_bars():
        backbone.save(folder)  # tokenizer, pooling, prompts; its weights are written over
        for path in folder.glob("*.safetensors"):
            path.unlink()
        (folder / "model.safetensors.index.json").unlink(missing_ok=True)
        model.save_pretrained(folder)
    atomic_write(folder / RECORD, json.dumps(record(found), indent=1).encode())


@contextmanager
def _no_bars() -> Iterator[None]:
    from transformers.utils import logging

    chatter: Any = logging  # its functions carry no types
    shown = chatter.is_progress_bar_enabled()
    chatter.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            chatter.enable_progress_bar()


def record(found: Pretrained) -> dict[str, Any]:
    """What is written beside the weights, and told by the command line."""
    settings = dataclasses.asdict(found.config)
    settings["tuning"] = {"name": found.config.tuning.name, **settings["tuning"]}
    return {
        "language": found.language,
        "base": found.base,
        "perplexity": {
            "before": found.before,
            "with_new_head": found.with_head,
            "after": found.after,
        },
        "validations": list(found.validations),
        "epoch": found.epoch,
        "texts": found.texts,
        "seconds": found.seconds,
        "settings": settings,
        "seed": found.seed,
    }


def _on_disk(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        _sync(path)


def _sync(path: Path) -> None:
    if os.name != "posix":
        return  # Windows cannot open a folder
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
