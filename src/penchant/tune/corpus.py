"""Texts without labels: of the catalogue, and of what people chose one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from penchant.core import Sequences, UsageError, generator
from penchant.data import Dataset

FEWEST = 8
"""Distinct texts below which there is nothing to hold out."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts to learn from, and texts held out.

    Attributes:
        learn: what the model reads in training.
        choose: what decides which epoch is kept.
        judge: what perplexity is reported on; neither training nor the choice sees it.
    """

    learn: tuple[str, ...]
    choose: tuple[str, ...]
    judge: tuple[str, ...]


def corpus_of_texts(
    texts: Sequence[str], seed: int = 0, share: float = 0.1, most: int = 400
) -> Corpus:
    """Distinct texts, some of them held out.

    Args:
        texts: any; empty ones are left out.
        seed: which are held out.
        share: of them that is held out, half for choosing and half for judging.
        most: held out at most.

    Raises:
        UsageError: too few texts, or no share between 0 and 1.
    """
    distinct = [text for text in dict.fromkeys(text.strip() for text in texts) if text]
    if len(distinct) < FEWEST:
        raise UsageError(
            f"{len(distinct)} distinct texts are too few to learn a domain from; {FEWEST} are the "
            "least, thousands are useful."
        )
    if not 0 < share < 1:
        raise UsageError(f"share={share:g}: must lie between 0 and 1.")
    order = generator(seed, "held-out texts").permutation(len(distinct)).tolist()
    half = max(1, min(most, round(share * len(distinct))) // 2)
    choose, judge, learn = order[:half], order[half : 2 * half], sorted(order[2 * half :])
    return Corpus(*(tuple(distinct[row] for row in rows) for rows in (learn, choose, judge)))


def corpus_of(
    data: Dataset, seed: int = 0, users: int = 2000, titles: int = 10, share: float = 0.1
) -> Corpus:
    """The texts of a catalogue, and the titles that people chose one after the other.

    Whole texts of the catalogue are held out, and their titles are left out of the people's texts,
    so that nothing of them is learned.

    Args:
        data: the training part of a split, so that no held-out event is read.
        seed: what is held out, and whose events are drawn.
        users: most texts of people; 0 for none.
        titles: titles in such a text.
        share: of the catalogue's texts that is held out.

    Raises:
        UsageError: the catalogue has too few texts.
    """
    texts = data.catalogue.texts
    corpus = corpus_of_texts(texts, seed, share)
    if users < 1:
        return corpus
    held = {*corpus.choose, *corpus.judge}
    kept = np.array([text.strip() not in held for text in texts], np.bool_)
    events = data.interactions.events
    events = events.where(kept[events.item])
    told = _told(events, data.catalogue.titles, titles)
    rng = generator(seed, "texts of people")
    chosen = rng.permutation(len(told))[:users].tolist()
    return Corpus(
        corpus.learn + tuple(told[row] for row in sorted(chosen)), corpus.choose, corpus.judge
    )


def _told(events: Sequences, titles: Sequence[str], most: int) -> list[str]:
    """Each row's titles in order, cut into texts of at most ``most``; a single title tells nothing."""
    found = []
    for row in range(len(events)):
        items = events.items_of(row).tolist()
        for start in range(0, len(items), most):
            part = items[start : start + most]
            if len(part) > 1:
                found.append(". ".join(titles[item] for item in part) + ".")
    return found
