"""A bundle copied, and checked byte by byte on the way."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penchant.core import BundleError

from .atomic import sync_folder, write_durably
from .manifest import MANIFEST, damaged, opened
from .swap import aside_of, hold, put_in_place

_PIECE = 1 << 20  # bytes at a time


def sealed_manifest(folder: Path) -> tuple[Mapping[str, Any], str]:
    """The manifest of a bundle and the SHA-256 of its bytes (hex), which names exactly this bundle.

    Raises:
        BundleError: no bundle, a damaged manifest, or one of a newer penchant.
    """
    content = _manifest(folder)
    return opened(content, folder), hashlib.sha256(content).hexdigest()


def copy_bundle(source: Path, target: Path) -> None:
    """Copy a bundle: whole and durable at ``target``, or not there at all.

    Raises:
        DamagedBundle: a file is missing, or not what was written.
        BundleError: no bundle, one of a newer penchant, or a disk that refuses.
    """
    content = _manifest(source)
    files = opened(content, source)["files"]
    aside, lock = aside_of(target), None
    try:
        aside.mkdir(parents=True)
        lock = hold(aside)
        for name, entry in files.items():
            if _copied(source / name, aside / name) != entry["sha256"]:
                raise damaged(source, f"{name} is not what was written (its SHA-256 differs)")
        write_durably(aside / MANIFEST, content)
        sync_folder(aside)
        put_in_place(aside, target)
    except FileNotFoundError as error:
        raise damaged(source, f"{Path(str(error.filename)).name} is missing") from error
    except OSError as error:
        raise BundleError(f"{source} could not be copied to {target}: {error}.") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _copied(source: Path, target: Path) -> str:
    """Copy a file durably; the SHA-256 of what was copied (hex)."""
    digest = hashlib.sha256()
    with source.open("rb") as old, target.open("xb") as new:
        while piece := old.read(_PIECE):
            digest.update(piece)
            new.write(piece)
        new.flush()
        os.fsync(new.fileno())
    return digest.hexdigest()


def _manifest(folder: Path) -> bytes:
    try:
        return (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise BundleError(
            f"{folder} holds no {MANIFEST} that can be read ({error.strerror}): give the folder that "
            "'penchant fit' wrote."
        ) from error
