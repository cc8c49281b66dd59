"""Items added since the rest was built: rows that grow at the end."""

from __future__ import annotations

import numpy as np

from .layer import Layer
from .matrix import Matrix
from .protocols import Codes, Vectors

_LEAST = 256  # rows that there is room for at first


class Tail:
    """Room for the rows of a layer, doubled when it is full.

    Layers made earlier look at the rows before the end, which are never written again: searches go on
    while rows are added.
    """

    def __init__(self, dim: int) -> None:
        self._vectors = np.empty((0, dim), np.float32)
        self._codes = np.empty(0, np.int32)

    def grown(self, layer: Layer, codes: Codes, vectors: Vectors) -> Layer:
        """The layer with more rows at its end.

        Args:
            layer: the newest one.
            codes: (n,) of items that have no row alive in it.
            vectors: (n, dim).
        """
        if len(layer) > _LEAST and 2 * layer.count < len(layer):
            layer = _packed(layer)
        old, new = len(layer), len(layer) + len(codes)
        ours = old > 0 and np.may_share_memory(layer.searcher.vectors, self._vectors)
        if not ours or new > len(self._codes):
            self._move(layer, max(_LEAST, 2 * old, new))
        self._vectors[old:new] = vectors
        self._codes[old:new] = codes
        every = self._codes[:new]
        ascending = layer.ascending and bool((np.diff(every[max(0, old - 1) :]) > 0).all())
        order = None if ascending else np.argsort(every, kind="stable")
        alive = layer.alive
        if alive is not None:
            alive = np.concatenate([alive, np.ones(len(codes), np.bool_)])
        return Layer(Matrix(self._vectors[:new], order), every, ascending, alive)

    def _move(self, layer: Layer, room: int) -> None:
        """Take larger room, with the rows of the layer in it."""
        old = len(layer)
        vectors = np.empty((room, self._vectors.shape[1]), np.float32)
        codes = np.empty(room, np.int32)
        vectors[:old], codes[:old] = layer.searcher.vectors, layer.codes
        self._vectors, self._codes = vectors, codes


def empty_layer(dim: int) -> Layer:
    """No rows."""
    return Layer(Matrix(np.zeros((0, dim), np.float32)), np.zeros(0, np.int32), ascending=True)


def _packed(layer: Layer) -> Layer:
    """Without the rows of items that were removed or changed."""
    codes, vectors = layer.living()
    return Layer(Matrix(vectors), codes, ascending=True)
