"""The list of a bundle's files with their checksums, and a checksum of the list itself."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penchant.core import BundleError, DamagedBundle, NewerBundle

FORMAT = 1
"""Number of the layout; raised when an older penchant could not read it."""

MANIFEST = "manifest.json"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_OWN_KEYS = frozenset({"format", "kind", "penchant", "created", "files", "sha256"})


def sealed(manifest: Mapping[str, Any]) -> bytes:
    """The manifest as JSON, with the SHA-256 of everything else in it under ``sha256``."""
    whole = {**manifest, "sha256": _digest(manifest)}
    return json.dumps(whole, indent=2).encode()


def unsealed(content: bytes) -> dict[str, Any]:
    """What ``sealed`` sealed.

    Raises:
        ValueError: it is not what was written.
    """
    found = json.loads(content, object_pairs_hook=_distinct)
    if not isinstance(found, dict) or found.pop("sha256", None) != _digest(found):
        raise ValueError("not what was written")
    return found


def opened(content: bytes, folder: Path) -> dict[str, Any]:
    """A manifest from its JSON, checked.

    Raises:
        NewerBundle: its format number is higher than this penchant knows.
        DamagedBundle: it is not what was written.
    """
    try:
        manifest = json.loads(content, object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as error:
        raise damaged(folder, f"its {MANIFEST} is not valid JSON ({error})") from error
    if not isinstance(manifest, dict):
        raise damaged(folder, f"its {MANIFEST} is not a JSON object")
    number = manifest.get("format")
    if isinstance(number, int) and number > FORMAT:
        raise NewerBundle(
            f"{folder} has bundle format {number}, written by penchant "
            f"{manifest.get('penchant', '(unknown version)')}; this penchant reads formats up to "
            f"{FORMAT}. Upgrade it with: pip install --upgrade penchant"
        )
    seal = manifest.pop("sha256", None)
    if (
        number != FORMAT
        or isinstance(number, bool)
        or seal != _digest(manifest)
        or not _is_whole(manifest)
    ):
        raise damaged(folder, f"its {MANIFEST} is not what was written")
    for name in manifest["files"]:
        if not is_name(name):
            raise damaged(folder, f"its {MANIFEST} names the file {name!r}, which cannot be one")
    return manifest


def is_name(name: str) -> bool:
    """Whether a bundle may hold a file of this name: no folders, nothing hidden."""
    return bool(_NAME.fullmatch(name)) and name != MANIFEST


def refuse_own_keys(about: Mapping[str, Any]) -> None:
    """Refuse metadata that would hide the manifest's own fields.

    Raises:
        BundleError: it does.
    """
    taken = sorted(_OWN_KEYS & set(about))
    if taken:
        raise BundleError(f"metadata of a bundle cannot be called {taken[0]!r}: that name is taken")


def damaged(folder: Path, what: str) -> DamagedBundle:
    """The one error for a bundle that is not what was written."""
    return DamagedBundle(
        f"{folder} is damaged: {what}. Nothing of it was loaded. "
        "Restore it from a copy, or fit and save the model again."
    )


def _is_whole(manifest: Mapping[str, Any]) -> bool:
    files = manifest.get("files")
    return (
        isinstance(manifest.get("kind"), str)
        and isinstance(files, dict)
        and all(
            isinstance(entry, dict)
            and isinstance(entry.get("sha256"), str)
            and isinstance(entry.get("bytes"), int)
            for entry in files.values()
        )
    )


def _digest(manifest: Mapping[str, Any]) -> str:
    plain = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
