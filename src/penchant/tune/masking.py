"""Hiding tokens for a masked language model to guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError

from .objectives import IGNORED


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What masking has to know of a tokenizer.

    Attributes:
        size: of the vocabulary.
        mask: the token that stands for a hidden one.
        special: tokens that are never hidden and never put in a hidden one's place.
    """

    size: int
    mask: int
    special: frozenset[int]

    @property
    def ordinary(self) -> NDArray[np.int64]:
        """All tokens but the special ones."""
        return np.array([t for t in range(self.size) if t not in self.special], np.int64)


@dataclass(frozen=True, slots=True)
class Masking:
    """Which tokens are hidden, and how.

    Source: J. Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language
    Understanding", NAACL 2019; whole words of Y. Cui et al., "Pre-Training with Whole Word Masking
    for Chinese BERT", 2021.
    """

    share: float = 0.15
    """Share of a text's tokens that are to be guessed, at least one."""
    masked: float = 0.8
    """Share of those that are replaced by the mask token."""
    random: float = 0.1
    """Share of those that are replaced by any token; the rest stands there as it is."""

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise UsageError(f"Masking.share={self.share:g}: above 0 and at most 1.")
        if min(self.masked, self.random) < 0 or self.masked + self.random > 1:
            raise UsageError("Masking: masked and random are shares, together at most 1.")

    def hide(
        self,
        ids: NDArray[np.int64],
        words: NDArray[np.int64],
        vocabulary: Vocabulary,
        rng: np.random.Generator,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Hide tokens of one text.

        Args:
            ids: its tokens, (length,).
            words: the word that each token belongs to, (length,): words are hidden as a whole.
                Number tokens from 0 for each alone.
            vocabulary: of the tokenizer.
            rng: which tokens, and what replaces them.

        Returns:
            the tokens to read (length,), and the tokens to guess (length,), ``IGNORED`` elsewhere.
        """
        can = ~np.isin(ids, list(vocabulary.special))
        read, labels = ids.copy(), np.full(len(ids), IGNORED, np.int64)
        places = np.flatnonzero(can)
        if not len(places):
            return read, labels
        budget = max(1, round(self.share * len(places)))
        # words in random order, each with all of its tokens, until there are enough
        _, word = np.unique(words[places], return_inverse=True)
        rank = rng.permutation(int(word.max()) + 1)[word]
        order = np.argsort(rank, kind="stable")
        last = rank[order][budget - 1]  # the word in which the budget ends is hidden whole
        hidden = places[rank <= last]
        labels[hidden] = ids[hidden]
        draw = rng.random(len(hidden))
        replaced = draw < self.masked
        other = ~replaced & (draw < self.masked + self.random)
        read[hidden[replaced]] = vocabulary.mask
        read[hidden[other]] = rng.choice(vocabulary.ordinary, int(other.sum()))
        return read, labels


def word_numbers(tokenizer: object, texts: Sequence[str], length: int) -> list[NDArray[np.int64]]:
    """The word that each token of each text belongs to, as the tokenizer cuts words.

    Args:
        tokenizer: a fast tokenizer of transformers.
        texts: any texts.
        length: tokens after which a text is cut.

    Returns:
        for each text (its tokens,); -1 for special tokens.

    Raises:
        UsageError: the tokenizer does not know words.
    """
    from typing import Any

    whole: Any = tokenizer
    if not getattr(whole, "is_fast", False):
        raise UsageError(
            "whole_words: this model's tokenizer cannot tell words. Leave whole_words out."
        )
    found = whole(list(texts), truncation=True, max_length=length)
    return [
        np.array([-1 if word is None else word for word in found.word_ids(row)], np.int64)
        for row in range(len(texts))
    ]
