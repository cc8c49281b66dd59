"""Texts as unit vectors, by a frozen language model or a tuned one."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from penchant.core import ModelNotFound

if TYPE_CHECKING:
    from penchant.core import Encoder
    from penchant.language.tuning import Tuning

    Adapter = tuple[Tuning, Mapping[str, NDArray[np.float32]]]
    """A way of tuning, and what was tuned by its name."""

_OPENING = threading.RLock()


class Reader:
    """A language model that is loaded when there is something to read, and not before.

    A saved model keeps the ``mark`` of the encoder it was trained with: the vectors of another one
    under the same name would be wrong without a sound.
    """

    def __init__(
        self,
        language: str,
        mark: NDArray[np.uint8] | None = None,
        adapter: Adapter | None = None,
    ) -> None:
        """Name the encoder.

        Args:
            language: a packaged name, a folder, or a Hugging Face id.
            mark: what ``mark`` was in training; None to take any encoder of that name.
            adapter: what tuning changed in it; None for the encoder as it is. Needs the mark.
        """
        self.language = language
        self.adapter = adapter
        self._mark = mark
        self._encoder: Encoder | None = None

    @property
    def encoder(self) -> Encoder:
        """The encoder, loaded when first asked for.

        Raises:
            ModelNotFound: there is none of that name, or another one than in training.
        """
        with _OPENING:  # two threads would open it twice, with twice the memory
            if self._encoder is None:
                self._encoder = self._opened()
            return self._encoder

    def _opened(self) -> Encoder:
        from penchant.language import load_encoder  # heavy: it brings torch

        encoder = load_encoder(self.language)
        if self._mark is not None and not np.array_equal(self._mark, marked(encoder)):
            raise ModelNotFound(
                f"the language model {self.language!r} found here is not the one this model "
                "was trained with (its files differ), so words and new items cannot be read. "
                "Bring the old files back, or fit again."
            )
        return encoder if self.adapter is None else tuned(self.language, self.adapter)

    @property
    def mark(self) -> NDArray[np.uint8]:
        """The digest of the encoder in ASCII codes, (64,) for a SHA-256 in hex."""
        return self._mark if self._mark is not None else marked(self.encoder)

    def vectors(self, texts: Sequence[str], *, cache: bool = True) -> NDArray[np.float32]:
        """Unit vectors (texts, dim); zeros for a text of blanks.

        Args:
            texts: what to read.
            cache: keep the vectors on disk for the next time.

        Raises:
            ModelNotFound: the language model cannot be found.
        """
        from penchant.language import encode_texts

        written = np.array([bool(text.strip()) for text in texts], bool)
        chosen = tuple(text for text, keep in zip(texts, written, strict=True) if keep)
        found = self._kept(chosen) if cache else None
        if found is None:
            encoder = self.encoder
            found = np.zeros((0, encoder.dim), np.float32)
            if chosen:
                found = encode_texts(encoder, chosen, cache=cache)
        full = np.zeros((len(texts), found.shape[1]), np.float32)
        full[written] = unit(found)
        return full

    def _kept(self, texts: Sequence[str]) -> NDArray[np.float32] | None:
        """Vectors out of the cache where it has them all, so that nothing need be loaded for them."""
        if not texts or self._mark is None or self.adapter is not None or self._encoder is not None:
            return None
        from penchant.language import kept_vectors

        return kept_vectors(bytes(self._mark).decode(), texts)

    def queries(self, queries: Sequence[str | None], dim: int) -> NDArray[np.float32]:
        """Unit vectors of queries (rows, dim); zeros where there is none."""
        if not any(query and query.strip() for query in queries):
            return np.zeros((len(queries), dim), np.float32)
        return self.vectors([query or "" for query in queries], cache=False)


def reader_of(language: str, adapter: Adapter | None) -> Reader:
    """The reader of an encoder by name, as tuning left it if it was tuned."""
    base = Reader(language)
    return base if adapter is None else Reader(language, base.mark, adapter)


def marked(encoder: Encoder) -> NDArray[np.uint8]:
    """The digest of an encoder as an array, for a model's state."""
    return np.frombuffer(encoder.digest.encode(), np.uint8)


def tuned(language: str, adapter: Adapter) -> Encoder:
    """The encoder of that name as tuning left it; its vectors are cached under a name of their own."""
    import torch

    from penchant.language import TransformerEncoder, load_backbone
    from penchant.language.tuning import apply_tuning, load_tuned_state

    way, arrays = adapter
    backbone = load_backbone(language)
    apply_tuning(backbone, way)
    load_tuned_state(backbone, {name: torch.tensor(part) for name, part in arrays.items()})
    return TransformerEncoder(backbone)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows scaled to length 1; rows of zeros stay."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: NDArray[np.float32] = (vectors / np.maximum(length, 1e-12)).astype(np.float32)
    return scaled


def empty(vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which rows hold nothing but zeros, (rows,)."""
    nothing: NDArray[np.bool_] = np.logical_not(np.any(vectors, axis=1))
    return nothing


def last_resort(
    scores: NDArray[np.float32],
    blank: NDArray[np.bool_],
    lost: NDArray[np.bool_],
    prior: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Settle in place the items and the rows that have nothing to go by.

    Args:
        scores: (rows, items).
        blank: items about which nothing is known, (items,).
        lost: rows about which nothing is known, (rows,).
        prior: popularity, (items,).

    Returns:
        the scores, blank items lowest in each row, lost rows ranked by popularity.
    """
    if blank.any() and len(scores):
        scores[:, blank] = scores.min(axis=1, keepdims=True)
    scores[lost] = prior
    return scores


def standardised(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row with mean 0 and standard deviation 1 over the items."""
    spread = scores.std(axis=1, keepdims=True)
    spread[spread == 0] = 1
    scaled: NDArray[np.float32] = (scores - scores.mean(axis=1, keepdims=True)) / spread
    return scaled
