"""Seven models that must not answer, made of a good one: each wrong in a way that no checksum shows.

But for the damaged file: there the checksum is what shows it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from penchant.engine import Engine, load
from penchant.language import find_model
from penchant.retrieve import IndexConfig
from penchant.store.manifest import opened, sealed

LAYERS = 500
"""Of the one that is too slow."""

MODEL, ROWS = "model.safetensors", "rows.safetensors"
MANIFEST = "manifest.json"

Arrays = dict[str, NDArray[Any]]


def wrong_size(run: Path) -> None:
    """Weights with a row less in each."""
    _rearray(run, MODEL, lambda arrays: {name: part[:-1] for name, part in _large(arrays)})


def nan_weights(run: Path) -> None:
    """Weights that are no numbers, as training leaves them that ran away."""
    _rearray(
        run,
        MODEL,
        lambda arrays: {name: np.full_like(part, np.nan) for name, part in _large(arrays)},
    )


def damaged_file(run: Path) -> None:
    """One bit turned, in a copy whose manifest is not that of the good one."""
    _reseal(run, copied=True)
    path = run / MODEL
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def too_slow(run: Path) -> None:
    """A transformer of hundreds of layers, with the answers that it really gives."""

    def deeper(arrays: Arrays) -> Arrays:
        last = [name for name in arrays if name.startswith("encoder.blocks.1.")]
        return {
            name.replace("blocks.1.", f"blocks.{layer}."): arrays[name]
            for layer in range(2, LAYERS)
            for name in last
        }

    _rearray(run, MODEL, deeper, config={"layers": LAYERS})
    (run / "golden.json").write_text("[]")  # it has none yet, and keeps its own
    _reseal(run)


def other_tokenizer(run: Path) -> None:
    """A language model whose words have other numbers than when the model was trained."""
    folder = run.parent / f"{run.name}-language"
    shutil.copytree(find_model("all-MiniLM-L6-v2"), folder)
    path = folder / "tokenizer.json"
    told = json.loads(path.read_text("utf-8"))
    words = told["model"]["vocab"]
    most = len(words) - 1
    told["model"]["vocab"] = {
        word: number if word.startswith("[") else 1000 + most - number if number >= 1000 else number
        for word, number in words.items()
    }
    path.write_text(json.dumps(told), "utf-8")
    _reseal(run, config={"language": str(folder)})


def empty_index(run: Path) -> None:
    """An index none of whose rows is there any more."""
    Engine.of(load(run), index=IndexConfig(kind="hnsw")).save(run)
    _rearray(run, ROWS, lambda arrays: {"alive": np.zeros_like(arrays["alive"])})
    manifest = json.loads((run / MANIFEST).read_text())
    _reseal(run, index=manifest["index"] | {"size": 0})


def newer_format(run: Path) -> None:
    """Written by a penchant to come."""
    manifest = json.loads((run / MANIFEST).read_text())
    (run / MANIFEST).write_text(json.dumps(manifest | {"format": 99}))


BAD: dict[str, Callable[[Path], None]] = {
    "wrong size": wrong_size,
    "NaN weights": nan_weights,
    "damaged file": damaged_file,
    "too slow": too_slow,
    "other tokenizer": other_tokenizer,
    "empty index": empty_index,
    "newer format": newer_format,
}


def make_bad(good: Path, folder: Path) -> dict[str, str]:
    """Copies of a good model, spoiled; the names of their folders by what is wrong with them.

    Args:
        good: a ``text-sequence`` with golden questions.
        folder: where they come to lie.
    """
    names = {what: what.replace(" ", "-").lower() for what in BAD}
    for what, spoil in BAD.items():
        shutil.copytree(good, folder / names[what])
        spoil(folder / names[what])
    return names


def _large(arrays: Arrays) -> list[tuple[str, NDArray[Any]]]:
    return [(name, part) for name, part in arrays.items() if part.ndim > 1]


def _rearray(run: Path, file: str, change: Callable[[Arrays], Arrays], **about: Any) -> None:
    arrays = load_file(run / file)
    arrays |= {name: np.ascontiguousarray(part) for name, part in change(arrays).items()}
    save_file(arrays, run / file)
    _reseal(run, **about)


def _reseal(run: Path, **about: Any) -> None:
    """Write a manifest that fits the files, with other fields; of its config only those given."""
    manifest = opened((run / MANIFEST).read_bytes(), run)
    if config := about.pop("config", None):
        manifest["config"] = manifest["config"] | config
    for name, entry in manifest["files"].items():
        content = (run / name).read_bytes()
        entry |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (run / MANIFEST).write_bytes(sealed(manifest | about))
