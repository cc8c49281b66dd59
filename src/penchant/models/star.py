"""STAR: text similarity and co-occurrence with the last items, without training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from penchant.core import (
    Abilities,
    Catalogue,
    Interactions,
    Real,
    Requests,
    Sequences,
    Space,
    State,
    Whole,
)

from .base import places_from_end, popularity_prior
from .matrix import row_matrix, similar_items
from .settings import within
from .texts import Reader, empty, last_resort

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from penchant.data import Dataset


@dataclass(frozen=True)
class StarConfig:
    """Which past counts, and how text is weighed against co-occurrence."""

    language: str = "all-MiniLM-L6-v2"
    """The language model: a packaged name, a folder, or a Hugging Face id."""

    last: int = 5
    """How many of the newest items of a history count."""

    decay: float = 0.7
    """How much the item before counts for each of them, from the newest back."""

    text: float = 0.2
    """Share of the text similarity; the rest is the co-occurrence's."""

    neighbours: int = 1000
    """Co-occurring items kept of each item, the strongest first."""

    def __post_init__(self) -> None:
        within(self, "last", 1, float("inf"))
        within(self, "decay", 0.0, 1.0, open_low=True)
        within(self, "text", 0.0, 1.0)
        within(self, "neighbours", 1, float("inf"))


class Star:
    """Scores of an item x for the newest items s_1, s_2, ... of a history.

    ::

        1/n * sum_j decay^(j-1) * (text * cos(text of x, text of s_j)
                                   + (1 - text) * cos(users of x, users of s_j))

    over the n newest, ``last`` or fewer. Every item of the history counts 1 whatever its rating,
    which the paper found best; co-occurrence is the cosine of two items' columns of event weights.
    The paper takes ``last=3, decay=0.7, text=0.5``; with MiniLM a smaller share of text did better
    on the validation parts of MovieLens-100K and Amazon Beauty, hence the defaults.

    The sum of the text part is one product of the weighted sum of text vectors with the catalogue,
    and co-occurrence is sparse, so nothing of (items, items) is ever dense. A query adds the cosine
    of its words and the text of x. An item is not its own co-occurrence.

    State: ``vectors`` (items, dim) float32, zeros for items without text; ``data``, ``indices``,
    ``indptr`` of the CSR co-occurrence over the items at training; ``prior`` (items,) float32;
    ``encoder``, the mark of the encoder (:class:`~penchant.models.texts.Reader`).

    Source: Lee et al., "STAR: A Simple Training-free Approach for Recommendations using Large
    Language Models", 2024 (arXiv 2410.16458), its retrieval stage.
    """

    name: str = "star"
    abilities: Abilities = Abilities(new_users=True, new_items=True, queries=True)
    Config: ClassVar[type[StarConfig]] = StarConfig
    space: ClassVar[Space] = {
        "last": Whole(1, 20, log=True),
        "decay": Real(0.3, 1.0),
        "text": Real(0.0, 1.0),
    }

    def __init__(
        self,
        config: StarConfig,
        vectors: NDArray[np.float32],
        together: csr_array,
        prior: NDArray[np.float32],
        reader: Reader | None = None,
    ) -> None:
        self.config = config
        self.vectors = vectors
        self.together = together
        self.prior = prior
        self.reader = reader or Reader(config.language)

    @classmethod
    def fit(cls, config: StarConfig, train: Dataset, seed: int = 0) -> Self:
        """Encode the catalogue and count what was chosen together; ``seed`` changes nothing."""
        interactions = train.interactions
        reader = Reader(config.language)
        vectors = reader.vectors(train.catalogue.texts)
        x = row_matrix(interactions.events, len(interactions.items))
        together = similar_items(x, 0.0, config.neighbours)
        return cls(config, vectors, together, popularity_prior(interactions), reader)

    @classmethod
    def restore(
        cls, config: StarConfig, state: State, catalogue: Catalogue, interactions: Interactions
    ) -> Self:
        """The model that gave this ``state``."""
        from scipy.sparse import csr_array

        items = len(state["indptr"]) - 1
        parts = (state["data"], state["indices"], state["indptr"])
        together = csr_array(parts, shape=(items, items))
        return cls(
            config,
            state["vectors"],
            together,
            state["prior"],
            Reader(config.language, state["encoder"]),
        )

    def score(self, requests: Requests) -> NDArray[np.float32]:
        """Scores (rows, items)."""
        share, last = self.config.text, requests.history.last(self.config.last)
        weights = _faded(last, self.config.decay, len(self.vectors))  # (rows, items)
        profile = np.asarray(share * (weights @ self.vectors), np.float32)  # (rows, dim)
        if requests.queries is not None:
            profile += self.reader.queries(requests.queries, self.vectors.shape[1])
        scores = profile @ self.vectors.T
        trained = self.together.shape[0]
        together = weights[:, :trained] @ self.together
        scores[:, :trained] += (1.0 - share) * together.toarray()
        blank, lost = empty(self.vectors), empty(profile)
        blank[:trained] &= np.diff(self.together.indptr) == 0
        lost &= np.diff(together.indptr) == 0
        return last_resort(scores, blank, lost, self.prior)

    def text_vectors(self) -> NDArray[np.float32]:
        """The text vectors (items, dim)."""
        return self.vectors

    def read(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of texts (texts, dim), zeros for blanks."""
        return self.reader.vectors(texts, cache=False)

    def with_texts(self, items: NDArray[np.integer], texts: Sequence[str]) -> Self:
        """The same model with other texts of some items; what was chosen together stays."""
        vectors = self.vectors.copy()
        vectors[items] = self.reader.vectors(texts)
        return type(self)(self.config, vectors, self.together, self.prior, self.reader)

    def state(self) -> State:
        """Text vectors, co-occurrence, the popularity of every item, the mark of the encoder."""
        return {
            "vectors": self.vectors,
            "data": self.together.data,
            "indices": self.together.indices,
            "indptr": self.together.indptr,
            "prior": self.prior,
            "encoder": self.reader.mark,
        }

    def with_catalogue(self, catalogue: Catalogue) -> Self:
        """The same model with more items, their texts read now."""
        more = self.reader.vectors(catalogue.texts[len(self.vectors) :])
        vectors = np.concatenate([self.vectors, more])
        prior = np.concatenate([self.prior, np.zeros(len(more), np.float32)])
        return type(self)(self.config, vectors, self.together, prior, self.reader)


def _faded(last: Sequences, decay: float, items: int) -> csr_array:
    """The share of each event of a row, (rows, items); an item that comes twice counts twice."""
    from scipy.sparse import csr_array

    share = np.power(decay, places_from_end(last)) / np.maximum(last.lengths, 1)[last.row]
    parts = (share.astype(np.float32), last.item, last.indptr)
    return csr_array(parts, shape=(len(last), items))
