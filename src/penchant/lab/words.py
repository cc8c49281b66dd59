"""Items as vectors of their words, so that the diversity of any model's lists has one yardstick."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")  # a Han character stands alone
_SAMPLE = 20_000  # texts from which the commonness of words is counted


def word_vectors(texts: Sequence[str], codes: NDArray[np.integer]) -> csr_array:
    """The words of some texts as unit vectors, rare words heavy.

    A word weighs its inverse document frequency among at most 20,000 evenly spaced texts: of the
    whole catalogue, whatever was listed, so that every model is measured alike.

    Args:
        texts: of the whole catalogue.
        codes: the texts wanted.

    Returns:
        (codes, words); an empty row for a text without words.
    """
    step = max(1, -(-len(texts) // _SAMPLE))
    sample = [_words(text) for text in texts[::step]]
    chosen = [_words(texts[code]) for code in codes]
    lengths = [len(words) for words in chosen]
    names, word = np.unique(np.concatenate([*chosen, *sample]), return_inverse=True)
    wanted, counted = np.split(word, [sum(lengths)])
    rarity = np.log((1 + len(sample)) / (1 + np.bincount(counted, minlength=len(names)))) + 1
    weight = rarity[wanted]
    row = np.repeat(np.arange(len(chosen)), lengths)
    weight /= np.sqrt(np.bincount(row, weights=weight**2, minlength=len(chosen)))[row]
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    return csr_array((weight, wanted, indptr), shape=(len(chosen), len(names)))


def word_diversity(codes: NDArray[np.integer], vectors: csr_array) -> NDArray[np.float64]:
    """What ``metrics.intra_list_diversity`` gives, for sparse unit vectors, (rows,)."""
    listed = codes >= 0
    n = listed.sum(axis=1)
    indptr = np.concatenate([[0], np.cumsum(n)])
    member = csr_array((np.ones(indptr[-1]), codes[listed], indptr), (len(codes), vectors.shape[0]))
    length = (member @ vectors).power(2).sum(axis=1)  # every pair's cosine twice, each item once
    twice = length - member @ vectors.power(2).sum(axis=1)
    pairs = n * (n - 1)
    return np.where(pairs > 0, 1 - twice / np.maximum(pairs, 1), 0.0)


def _words(text: str) -> NDArray[np.int64]:
    words = set(_WORD.findall(text.lower()))
    return np.sort(np.fromiter((zlib.crc32(w.encode()) for w in words), np.int64, len(words)))
