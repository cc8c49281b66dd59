"""An engine as one bundle: what a recommender's bundle holds, its policy, and golden questions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penchant.core import BundleError, UsageError
from penchant.models import ModelClass, configure
from penchant.rank import PolicyConfig
from penchant.retrieve import HNSWIndex, IndexHolder, index_files, index_from
from penchant.store import Bundle, Streamed, map_bundle, read_bundle

from . import bundle, golden
from .golden import Golden
from .placed import Growing
from .recommender import Recommender

POLICY = "policy.json"
GOLDEN = "golden.json"

_LARGE = ("graph.", "vectors.", "rows.")
"""The beginnings of the names of an index's files."""

_UNREADABLE = (KeyError, ValueError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a bundle holds.

    Attributes:
        recommender: model, catalogue and events.
        policy: settings; None where the bundle is of a recommender alone.
        index: an HNSW index, mapped; None where there is none, as an exact one is made in no time.
        golden: questions.
    """

    recommender: Recommender
    policy: PolicyConfig | None
    index: Growing | None
    golden: tuple[Golden, ...]


def save(path: str | Path, kept: Kept) -> None:
    """Write a bundle that ``Recommender.load`` opens as well; see ``penchant.store.write_bundle``."""
    files: dict[str, bytes | Streamed] = {GOLDEN: golden.written(kept.golden)}
    about: dict[str, Any] = {}
    if kept.policy is not None:
        files[POLICY] = json.dumps(kept.policy.table()).encode()
    inner = kept.index.index if isinstance(kept.index, IndexHolder) else kept.index
    if isinstance(inner, HNSWIndex):
        graph, about["index"] = index_files(inner)
        files |= graph
    own = kept.recommender
    bundle.save(path, own.model, own.catalogue, own.interactions, (files, about))


def load(path: str | Path, models: Sequence[type[ModelClass]]) -> Kept:
    """Read a bundle of an engine, or of a recommender alone.

    Raises:
        BundleError: damaged, newer, or of a model or setting unknown here.
        MissingDependency: an HNSW index without faiss-cpu.
    """

    def opened(folder: Path, manifest: Mapping[str, Any]) -> Kept:
        indexed = "index" in manifest
        large: tuple[str, ...] = _LARGE if indexed else ()
        large += bundle.ARRAYS
        names = [name for name in manifest["files"] if not name.startswith(large)]
        files = {name: (folder / name).read_bytes() for name in names}
        read = bundle.of_files(path, Bundle(manifest, files), models, folder)
        recommender = Recommender(*read)
        index = index_from(folder, manifest["index"]) if indexed else None
        return Kept(recommender, _policy(files), index, golden.read(files.get(GOLDEN, b"[]")))

    try:
        return map_bundle(path, bundle.KIND, opened)
    except (UsageError, *_UNREADABLE) as error:
        raise BundleError(
            f"{path} is whole, and its policy or its questions are not what this penchant expects "
            f"({type(error).__name__}: {error}). Load it with the version that wrote it."
        ) from error


def _policy(files: Mapping[str, bytes]) -> PolicyConfig | None:
    return configure(PolicyConfig, json.loads(files[POLICY])) if POLICY in files else None


def golden_of(path: str | Path) -> tuple[Golden, ...]:
    """The golden questions of a bundle; none of a recommender alone.

    Raises:
        BundleError: damaged, newer, or no questions.
    """
    files = read_bundle(path, bundle.KIND).files
    try:
        return golden.read(files[GOLDEN]) if GOLDEN in files else ()
    except _UNREADABLE as error:
        raise BundleError(f"{path}: its golden questions cannot be read: {error}") from error
