"""Training-free text: the items whose text is nearest to what the user read before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from penchant.core import Abilities, Catalogue, Interactions, Real, Requests, Space, State

from .base import popularity_prior
from .matrix import row_matrix
from .settings import within
from .texts import Reader, empty, last_resort, unit

if TYPE_CHECKING:
    from penchant.data import Dataset


@dataclass(frozen=True)
class TextMeanConfig:
    """Which language model reads, and what counts of a history."""

    language: str = "all-MiniLM-L6-v2"
    """The language model: a packaged name, a folder, or a Hugging Face id."""

    decay: float = 0.5
    """How much the item before counts for each item of a history, from the newest back; 1 for all
    alike."""

    def __post_init__(self) -> None:
        within(self, "decay", 0.0, 1.0, open_low=True)


class TextMean:
    """Scores are cosines between the text of an item and the mean text of the history.

    The user is the weighted mean of the unit text vectors of the history, scaled to length 1; a
    query is the unit vector of its words; where both are given they are added. Nothing is trained.

    State: ``vectors`` (items, dim) float32, zeros for items without text; ``prior`` (items,)
    float32; ``encoder``, the mark of the encoder (:class:`~penchant.models.texts.Reader`). The
    language model itself is not kept: it is loaded again when words or new items come.
    """

    name: str = "text-mean"
    abilities: Abilities = Abilities(new_users=True, new_items=True, queries=True)
    Config: ClassVar[type[TextMeanConfig]] = TextMeanConfig
    space: ClassVar[Space] = {"decay": Real(0.2, 1.0)}

    def __init__(
        self,
        config: TextMeanConfig,
        vectors: NDArray[np.float32],
        prior: NDArray[np.float32],
        reader: Reader | None = None,
    ) -> None:
        self.config = config
        self.vectors = vectors
        self.prior = prior
        self.reader = reader or Reader(config.language)

    @classmethod
    def fit(cls, config: TextMeanConfig, train: Dataset, seed: int = 0) -> Self:
        """Encode the catalogue; ``seed`` changes nothing."""
        reader = Reader(config.language)
        vectors = reader.vectors(train.catalogue.texts)
        return cls(config, vectors, popularity_prior(train.interactions), reader)

    @classmethod
    def restore(
        cls, config: TextMeanConfig, state: State, catalogue: Catalogue, interactions: Interactions
    ) -> Self:
        """The model that gave this ``state``."""
        return cls(
            config, state["vectors"], state["prior"], Reader(config.language, state["encoder"])
        )

    def score(self, requests: Requests) -> NDArray[np.float32]:
        """Cosines (rows, items)."""
        profile = self.user_vectors(requests)
        scores: NDArray[np.float32] = profile @ self.vectors.T
        return last_resort(scores, self._blank, empty(profile), self.prior)

    def item_vectors(self) -> NDArray[np.float32]:
        """The text vectors (items, dim)."""
        return self.vectors

    def user_vectors(self, requests: Requests) -> NDArray[np.float32]:
        """Mean texts of the histories, words added (rows, dim); zeros where there is no text."""
        weights = row_matrix(requests.history, len(self.vectors), self.config.decay)
        profile = unit(weights @ self.vectors)  # (rows, dim)
        if requests.queries is not None:
            words = self.reader.queries(requests.queries, self.vectors.shape[1])
            profile = unit(profile + words)
        return profile

    def text_vectors(self) -> NDArray[np.float32]:
        """The text vectors (items, dim)."""
        return self.vectors

    def read(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of texts (texts, dim), zeros for blanks."""
        return self.reader.vectors(texts, cache=False)

    def with_texts(self, items: NDArray[np.integer], texts: Sequence[str]) -> Self:
        """The same model with other texts of some items."""
        vectors = self.vectors.copy()
        vectors[items] = self.reader.vectors(texts)
        return type(self)(self.config, vectors, self.prior, self.reader)

    @cached_property
    def _blank(self) -> NDArray[np.bool_]:
        return empty(self.vectors)

    def state(self) -> State:
        """The text vectors, the popularity of every item, and the mark of the encoder."""
        return {"vectors": self.vectors, "prior": self.prior, "encoder": self.reader.mark}

    def with_catalogue(self, catalogue: Catalogue) -> Self:
        """The same model with more items, their texts read now."""
        more = self.reader.vectors(catalogue.texts[len(self.vectors) :])
        prior = np.concatenate([self.prior, np.zeros(len(more), np.float32)])
        return type(self)(self.config, np.concatenate([self.vectors, more]), prior, self.reader)
