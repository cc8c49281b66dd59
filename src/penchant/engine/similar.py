"""Items like an item."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from penchant.core import Factored, Model, Textual, Unsupported, top_k

from .placed import Found, Placed

WHOLE = 100_000
"""Catalogues up to this size are compared whole; in larger ones the index finds candidates first."""

DEEP = 20
"""How many times as many candidates the index is asked for then."""


class Similar:
    """Finds items by the cosine of their vectors: the model's own, or else those of their texts.

    Args:
        model: gives the vectors.
        placed: an index over the model's own vectors.
    """

    def __init__(self, model: Model, placed: Placed | None) -> None:
        self._model, self._placed = model, placed

    def grown(self, model: Model, placed: Placed | None, changed: NDArray[np.int32]) -> Similar:
        """After items were put; ``changed`` are the codes (n,) of known items with other vectors."""
        other = Similar(model, placed)
        if "_inverse" in self.__dict__:
            own, before = other._vectors, self._inverse
            inverse = np.empty(len(own), np.float32)
            inverse[: len(before)] = before
            fresh = np.append(changed, np.arange(len(before), len(own)))
            inverse[fresh] = _inverse_lengths(own[fresh])
            other.__dict__["_inverse"] = inverse
        return other

    def __call__(self, item: int, k: int, allowed: NDArray[np.bool_] | None) -> Found:
        """At most ``k`` items and their cosines; none for an item of which nothing is known.

        Args:
            item: code; it may be among the items found.
            k: most items.
            allowed: which items may be found, (items,); None for all.

        Raises:
            Unsupported: the model has vectors of neither items nor texts.
        """
        own = self._vectors
        if not own[item].any():
            return np.zeros(0, np.int32), np.zeros(0, np.float32)
        codes = None
        if len(own) > WHOLE and self._placed is not None:
            ((codes, _),) = self._placed.search(own[item][None], DEEP * k, allowed)
        return self._nearest(item, k, allowed, codes)

    def _nearest(
        self,
        item: int,
        k: int,
        allowed: NDArray[np.bool_] | None,
        codes: NDArray[np.int32] | None,
    ) -> Found:
        own, inverse = self._vectors, self._inverse
        part = slice(None) if codes is None else codes
        cosines = (own[part] @ own[item]) * inverse[part] * inverse[item]
        cosines[inverse[part] == 0] = -np.inf
        if allowed is not None:
            cosines[~allowed[part]] = -np.inf
        ((places), best) = top_k(cosines[None], k)
        there = places[0] >= 0
        found = places[0][there]
        return (found if codes is None else codes[found]), best[0][there]

    @property
    def _vectors(self) -> NDArray[np.float32]:
        """The vectors that are compared (items, dim)."""
        if isinstance(self._model, Factored):
            return self._model.item_vectors()
        if isinstance(self._model, Textual):
            return self._model.text_vectors()
        raise Unsupported(f"{self._model.name} has vectors of neither items nor texts.")

    @cached_property
    def _inverse(self) -> NDArray[np.float32]:
        """One over the length of each vector (items,), 0 for zeros."""
        return _inverse_lengths(self._vectors)


def _inverse_lengths(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))  # norm would copy the whole matrix
    inverse: NDArray[np.float32] = np.divide(1, length, out=np.zeros_like(length), where=length > 0)
    return inverse
