"""Texts to vectors through the cache."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from penchant.core import Encoder, bar

from .cache import VectorCache, text_key

CHUNK = 512
"""Texts between two moves of the bar."""

SHARD = 4096
"""Texts in one file of the cache: what a killed run loses at most."""


def encode_texts(encoder: Encoder, texts: Iterable[str], cache: bool = True) -> NDArray[np.float32]:
    """Vectors of many texts: each distinct text is encoded once, and never again while cached.

    Args:
        encoder: what turns a text into a vector.
        texts: the texts, "" included.
        cache: whether to read and write the cache on disk; off for a handful of queries.

    Returns:
        vectors (texts, dim) float32.
    """
    given = tuple(texts)
    place = {text: row for row, text in enumerate(dict.fromkeys(given))}
    distinct = tuple(place)
    store = VectorCache(encoder.digest, encoder.dim) if cache else None
    if store:
        keys = [text_key(text) for text in distinct]
        vectors, found = store.fetch(keys)
    else:
        keys = []
        vectors, found = _nothing(len(distinct), encoder.dim)
    # longest first: texts of one length share a batch, and the bar is pessimistic, not optimistic
    rows = sorted(np.flatnonzero(~found).tolist(), key=lambda row: -len(distinct[row]))
    with bar(len(rows), "encoding texts", "text") as shown:
        for start in range(0, len(rows), SHARD):
            shard = rows[start : start + SHARD]
            for at in range(0, len(shard), CHUNK):
                chunk = shard[at : at + CHUNK]
                vectors[chunk] = encoder.encode(tuple(distinct[row] for row in chunk))
                shown.update(len(chunk))
            if store:
                store.add([keys[row] for row in shard], vectors[shard])
    return vectors[[place[text] for text in given]]


def kept_vectors(digest: str, texts: Iterable[str]) -> NDArray[np.float32] | None:
    """Vectors of texts (texts, dim) out of the cache, where it has them all; no encoder is needed.

    Args:
        digest: of the encoder that made them.
        texts: the texts.
    """
    store = VectorCache.of(digest)
    if store is None:
        return None
    vectors, found = store.fetch([text_key(text) for text in texts])
    return vectors if found.all() else None


def _nothing(rows: int, dim: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    return np.zeros((rows, dim), np.float32), np.zeros(rows, np.bool_)
