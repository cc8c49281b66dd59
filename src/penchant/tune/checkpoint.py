"""Checkpoints: written aside and renamed, with a digest of every file, the newest few kept."""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load, save
from torch import Tensor

from penchant.core import BundleError, UsageError
from penchant.store import read_bundle, write_bundle

KIND = "checkpoint"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A training at one moment.

    Attributes:
        of: what it is a training of; another training refuses it.
        facts: everything that is no tensor, as JSON values.
        tensors: by part (``"network"``, ``"optimiser"``, ...) and name.
    """

    of: Mapping[str, Any]
    facts: Mapping[str, Any]
    tensors: Mapping[str, Mapping[str, Tensor]]


def write_checkpoint(folder: Path, step: int, checkpoint: Checkpoint, keep: int) -> None:
    """Add a checkpoint to a folder and remove all but the newest.

    Raises:
        BundleError: the disk refused; the checkpoints before are as they were.
    """
    files: dict[str, Any] = {
        f"{part}.safetensors": _saver(tensors) for part, tensors in checkpoint.tensors.items()
    }
    # a fact that is no JSON value would come back as another one: that is an error at once
    told = {"of": json.loads(json.dumps(checkpoint.of, default=str)), "facts": checkpoint.facts}
    files["facts.json"] = json.dumps(told).encode()
    write_bundle(folder / f"step-{step:09d}", KIND, files, {"step": step})
    for old in _newest_first(folder)[keep:]:
        shutil.rmtree(old, ignore_errors=True)


def newest_checkpoint(folder: Path, of: Mapping[str, Any]) -> Checkpoint | None:
    """The newest whole checkpoint, or None where there is none at all.

    A damaged one is passed over for the one before it, which costs time and nothing else.

    Raises:
        BundleError: there are checkpoints, and all are damaged.
        UsageError: the checkpoint is of another training.
    """
    found = _newest_first(folder)
    problems = []
    for path in found:
        try:
            checkpoint = _read(path)
        except BundleError as error:
            problems.append(str(error))
            _log.warning("%s Going back to the checkpoint before it.", error)
            continue
        _refuse_another(folder, checkpoint.of, json.loads(json.dumps(of, default=str)))
        return checkpoint
    if problems:
        raise BundleError(
            f"all checkpoints in {folder} are damaged. Remove that folder to begin again. "
            + " ".join(problems)
        )
    return None


def _read(path: Path) -> Checkpoint:
    bundle = read_bundle(path, KIND)
    told = json.loads(bundle.files["facts.json"])
    tensors = {
        name.removesuffix(".safetensors"): load(content)
        for name, content in bundle.files.items()
        if name.endswith(".safetensors")
    }
    return Checkpoint(told["of"], told["facts"], tensors)


def _refuse_another(folder: Path, written: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    for key in (*written, *now):
        if written.get(key) != now.get(key):
            raise UsageError(
                f"{folder} holds checkpoints of another training: {key} was "
                f"{_short(written.get(key))}, now it is {_short(now.get(key))}. Give another folder, "
                "or the same settings, seed and data."
            )


def _saver(tensors: Mapping[str, Tensor]) -> Any:
    return lambda: save(
        {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    )


def _newest_first(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        (path for path in folder.iterdir() if re.fullmatch(r"step-\d{9}", path.name)), reverse=True
    )


def _short(value: Any) -> str:
    told = json.dumps(value)
    return told if len(told) < 120 else told[:117] + "..."
