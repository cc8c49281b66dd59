"""A recommender as the files of a bundle, and back. Nothing of it is code, and nothing is fetched."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.core import (
    BundleError,
    Catalogue,
    IdMap,
    Interactions,
    Model,
    Sequences,
    UsageError,
)
from penchant.models import ModelClass, configure, settings_of
from penchant.store import Bundle, Streamed, read_bundle, write_bundle

from .arrays import Arrays, mapped, packed, unpacked

KIND = "recommender"

More = tuple[Mapping[str, bytes | Streamed], Mapping[str, Any]]
"""Files by name, and fields of the manifest."""

_MODEL, _EVENTS = ARRAYS = ("model.safetensors", "events.safetensors")
"""The files of arrays."""

_UNREADABLE = (KeyError, IndexError, ValueError, TypeError, AttributeError)

_USUAL: dict[str, tuple[Any, type[np.generic]]] = {
    "weight": (1.0, np.float32),
    "kind": (0, np.int16),
    "value": (np.nan, np.float32),
}
"""Arrays of the events that are left out where they hold this one value throughout."""


def save(
    path: str | Path,
    model: Model,
    catalogue: Catalogue,
    interactions: Interactions,
    more: More = ({}, {}),
) -> None:
    """Write a recommender; see ``penchant.store.write_bundle``.

    Args:
        path: the folder.
        model: with its state.
        catalogue: what can be recommended.
        interactions: the training events.
        more: other files, for whoever knows them, and what the manifest says of those; ``load``
            leaves them aside.
    """
    about = {
        "model": model.name,
        "config": settings_of(model.config),
        "template": catalogue.template,
        "data": {
            "digest": interactions.digest,
            "users": len(interactions.users),
            "items": len(interactions.items),
            "events": len(interactions),
            "kinds": list(interactions.kinds),
            "timed": interactions.timed,
        },
        **more[1],
    }
    words = {"texts": list(catalogue.texts), "titles": list(catalogue.titles)}
    write_bundle(
        path,
        KIND,
        {
            _MODEL: lambda: packed(model.state()),
            _EVENTS: lambda: packed(_of_events(interactions.events)),
            "users.json": lambda: _json(list(interactions.users.ids)),
            "items.json": lambda: _json(list(catalogue.items.ids)),
            "texts.json": lambda: _json(words),
            "items.parquet": lambda: _table(catalogue),
            **more[0],
        },
        about,
    )


def load(
    path: str | Path, models: Sequence[type[ModelClass]]
) -> tuple[Model, Catalogue, Interactions]:
    """Read a recommender.

    Args:
        path: the bundle's folder.
        models: the model classes that may be in it.

    Raises:
        BundleError: damaged, newer, no recommender, or of a model or setting unknown here.
    """
    return of_files(path, read_bundle(path, KIND), models)


def of_files(
    path: str | Path,
    bundle: Bundle,
    models: Sequence[type[ModelClass]],
    folder: Path | None = None,
) -> tuple[Model, Catalogue, Interactions]:
    """As ``load``, from files that were read already.

    Args:
        path: for errors.
        bundle: the files.
        models: the model classes that may be in it.
        folder: where the arrays are to be mapped from; None where ``bundle`` has them too.
    """

    def arrays(name: str) -> Arrays:
        return unpacked(bundle.files[name]) if folder is None else mapped(folder / name)

    try:
        model_class, config = _model_of(path, bundle.manifest, models)
        catalogue, interactions = _data(bundle, arrays(_EVENTS))
        state = arrays(_MODEL)
        model = model_class.restore(config, state, catalogue, interactions)
    except _UNREADABLE as error:
        raise BundleError(
            f"{path} is whole, and its contents are not what this penchant expects "
            f"({type(error).__name__}: {error}). It was written by penchant "
            f"{bundle.manifest.get('penchant')}; load it with that version, or fit the model again."
        ) from error
    return model, catalogue, interactions


def _data(bundle: Bundle, events: Arrays) -> tuple[Catalogue, Interactions]:
    import polars as pl

    files, about = bundle.files, bundle.manifest
    items = IdMap(json.loads(files["items.json"]))
    words = json.loads(files["texts.json"])
    try:
        table = pl.read_parquet(io.BytesIO(files["items.parquet"]))
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"items.parquet: {error}") from error
    texts, titles = tuple(words["texts"]), tuple(words["titles"])
    if not len(items) == len(texts) == len(titles) == len(table):
        raise ValueError("items, texts, titles and table differ in length")
    interactions = Interactions(
        IdMap(json.loads(files["users.json"])),
        items,
        _to_events(events),
        tuple(about["data"]["kinds"]),
        bool(about["data"]["timed"]),
    )
    return Catalogue(items, texts, titles, table, str(about["template"])), interactions


def _model_of(
    path: str | Path, about: Mapping[str, Any], models: Sequence[type[ModelClass]]
) -> tuple[type[ModelClass], Any]:
    known = {model.name: model for model in models}
    if about["model"] not in known:
        raise BundleError(
            f"{path} holds the model {about['model']!r}, which penchant does not know (written by "
            f"penchant {about['penchant']}). Give the class: Recommender.load(path, models=[...])."
        )
    model_class = known[about["model"]]
    try:
        return model_class, configure(model_class.Config, about["config"])
    except UsageError as error:
        raise BundleError(
            f"{path} was written by penchant {about['penchant']} with settings that this one does "
            f"not take: {error}"
        ) from error


def _table(catalogue: Catalogue) -> bytes:
    out = io.BytesIO()
    catalogue.table.write_parquet(out)
    return out.getvalue()


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _of_events(events: Sequences) -> dict[str, NDArray[Any]]:
    named: dict[str, NDArray[Any]] = {
        "indptr": events.indptr,
        "item": events.item,
        "time": events.time,
    }
    for name, (usual, _) in _USUAL.items():
        part = getattr(events, name)
        if not np.array_equal(part, np.full_like(part, usual), equal_nan=name == "value"):
            named[name] = part
    return named


def _to_events(arrays: Arrays) -> Sequences:
    n = len(arrays["item"])
    for name, (usual, kind) in _USUAL.items():
        arrays.setdefault(name, np.full(n, usual, kind))
    return Sequences(**arrays)
