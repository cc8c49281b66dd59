"""A folder with a manifest: written whole or not at all, checked before anything reads it."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from penchant.core import BundleError, UsageError

from .atomic import sync_folder, write_durably
from .manifest import FORMAT, MANIFEST, damaged, is_name, opened, refuse_own_keys, sealed
from .streamed import Streamed
from .swap import aside_of, hold, left_behind, put_in_place, sweep

__all__ = ["FORMAT", "Bundle", "map_bundle", "read_bundle", "write_bundle"]

T = TypeVar("T")
Content = bytes | Callable[[], bytes] | Streamed


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle in memory, every byte checked.

    Attributes:
        manifest: ``format``, ``kind``, ``penchant`` (version), ``created``, ``files``, and what the
            writer added.
        files: content by name.
    """

    manifest: Mapping[str, Any]
    files: Mapping[str, bytes]


def write_bundle(
    path: str | Path,
    kind: str,
    files: Mapping[str, Content],
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write a bundle, in the place of an earlier one if there is one.

    The folder is written beside its place, every file fsynced, and renamed. A process killed at any
    moment leaves the earlier bundle or the new one.

    Args:
        path: the folder to be; parents are made.
        kind: what it holds, such as ``"recommender"``.
        files: content by name, or what makes it: a function, or a ``Streamed`` that writes pieces.
            One at a time.
        about: more fields for the manifest, of JSON values.

    Raises:
        UsageError: there is something at ``path`` that is not a bundle.
        BundleError: the disk refused; what was at ``path`` is as it was.
    """
    target = Path(path).expanduser().resolve()
    refuse_own_keys(about or {})
    for name in files:
        if not is_name(name):
            raise BundleError(f"a file of a bundle cannot be called {name!r}")
    _refuse_to_replace(target)
    aside, lock = aside_of(target), None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside.mkdir()
        lock = hold(aside)
        manifest = {
            "format": FORMAT,
            "kind": kind,
            "penchant": _version(),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            **(about or {}),
            "files": {name: _write(aside / name, content) for name, content in files.items()},
        }
        write_durably(aside / MANIFEST, sealed(manifest))
        sync_folder(aside)
        put_in_place(aside, target)
    except OSError as error:
        raise BundleError(
            f"{target} could not be written: {error}. What was there before is as it was."
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)  # half a bundle, or the one that was replaced
        if lock is not None:
            os.close(lock)
    sweep(target)


def read_bundle(path: str | Path, kind: str | None = None) -> Bundle:
    """Read a bundle after checking every byte of it. Files the manifest does not name are ignored.

    Args:
        path: its folder.
        kind: what it must hold, or None for anything.

    Raises:
        NewerBundle: its format is newer than this penchant.
        DamagedBundle: a file is missing, cut short, or not what was written.
        BundleError: there is no bundle there, or one of another kind.
    """
    return _steady(path, kind, _read)


def map_bundle(path: str | Path, kind: str, load: Callable[[Path, Mapping[str, Any]], T]) -> T:
    """Check every byte of a bundle, then let ``load`` open its files where they lie.

    For files that are mapped into memory rather than read. Files that the manifest does not name are
    not checked.

    Args:
        path: its folder.
        kind: what it must hold.
        load: is given the folder and the manifest once everything is checked, and again where
            somebody put another bundle in its place meanwhile.

    Returns:
        what ``load`` gave.

    Raises:
        NewerBundle: its format is newer than this penchant.
        DamagedBundle: a file is missing, cut short, or not what was written.
        BundleError: there is no bundle there, or one of another kind.
    """

    def checked(folder: Path, content: bytes, kind: str | None) -> T:
        manifest = _manifest(folder, content, kind)
        for name, entry in manifest["files"].items():
            if _digest_of(folder / name) != entry["sha256"]:
                raise _changed(folder, name)
        loaded = load(folder, manifest)
        if _manifest_of(folder) != content:  # opened by name, so another bundle's files, perhaps
            raise BundleError(f"{folder} was replaced while it was opened.")
        return loaded

    return _steady(path, kind, checked)


def _steady(path: str | Path, kind: str | None, take: Callable[[Path, bytes, str | None], T]) -> T:
    """What ``take`` makes of a bundle that somebody may be replacing."""
    folder = Path(path).expanduser().resolve()
    if not folder.exists():
        folder = left_behind(folder) or folder
    for _ in range(3):
        content = _manifest_of(folder)
        try:
            return take(folder, content, kind)
        except BundleError:
            if _manifest_of(folder) == content:
                raise
    raise BundleError(f"{folder} is being replaced faster than it can be read. Try again.")


def _read(folder: Path, content: bytes, kind: str | None) -> Bundle:
    manifest = _manifest(folder, content, kind)
    files = {}
    for name, entry in manifest["files"].items():
        files[name] = _content(folder / name)
        if hashlib.sha256(files[name]).hexdigest() != entry["sha256"]:
            raise _changed(folder, name)
    return Bundle(manifest, files)


def _manifest(folder: Path, content: bytes, kind: str | None) -> dict[str, Any]:
    """The manifest, when the kind is right and every file has the size that it names.

    Sizes first: cheap, and a missing or cut file is named before gigabytes are hashed.
    """
    manifest = opened(content, folder)
    for name, entry in manifest["files"].items():
        _check_size(folder, name, entry["bytes"])
    if kind is not None and manifest["kind"] != kind:
        raise BundleError(f"{folder} is a bundle of the kind {manifest['kind']!r}, not {kind!r}.")
    return manifest


def _changed(folder: Path, name: str) -> BundleError:
    return damaged(folder, f"{name} is not what was written (its SHA-256 differs)")


def _digest_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error}.") from error


def _check_size(folder: Path, name: str, size: int) -> None:
    try:
        state = (folder / name).lstat()
    except OSError as error:
        raise damaged(folder, f"{name} is missing") from error
    if not stat.S_ISREG(state.st_mode):
        raise damaged(folder, f"{name} is a link or a folder where a file was written")
    if state.st_size != size:
        raise damaged(folder, f"{name} has {state.st_size} bytes where {size} were written")


def _manifest_of(folder: Path) -> bytes:
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise BundleError(f"{folder} {what}: give the folder that a model was saved to.")
    if not (folder / MANIFEST).is_file():
        raise BundleError(
            f"{folder} holds no {MANIFEST}, so it is no saved model or not a whole one. "
            "Give the folder that a model was saved to."
        )
    return _content(folder / MANIFEST)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error}.") from error


def _write(path: Path, content: Content) -> dict[str, Any]:
    if isinstance(content, Streamed):
        return content.write(path)
    data = content if isinstance(content, bytes) else content()
    write_durably(path, data)
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def _refuse_to_replace(target: Path) -> None:
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not target.is_dir():
        raise UsageError(f"{target} is a file: give the name of a folder to save to.")
    try:
        known = {MANIFEST, *opened(_manifest_of(target), target)["files"]}
    except BundleError as error:
        raise UsageError(
            f"{target} is a folder, and not one that penchant wrote; it is left as it is. "
            "Save to another folder, or remove this one."
        ) from error
    strange = sorted(path.name for path in target.iterdir() if path.name not in known)
    if strange:
        raise UsageError(
            f"{target} holds {strange[0]!r}, which is no part of the saved model; it would be lost. "
            "Save to another folder, or move that file."
        )


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("penchant")
    except PackageNotFoundError:
        return "unknown"  # run from a source tree that was never installed
