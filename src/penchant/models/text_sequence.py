"""TextSequence, the flagship: items read by a language model, users by a causal transformer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from penchant.core import (
    Abilities,
    Catalogue,
    Choice,
    Interactions,
    Real,
    Requests,
    Space,
    State,
)
from penchant.language import DEFAULT_MODEL

from .base import popularity_prior
from .sequence_config import SequenceConfig
from .settings import within
from .texts import Reader, empty
from .whitening import Centred, whitening

if TYPE_CHECKING:
    from penchant.data import Dataset

    from .next_item import NextItem


@dataclass(frozen=True)
class TextSequenceConfig(SequenceConfig):
    """Settings of TextSequence: those of every model of the next item, and how text is read."""

    language: str = DEFAULT_MODEL
    """The encoder: a packaged name, a folder, or a Hugging Face id."""
    id_dropout: float = 0.0
    """How often an item's own vector is left out in training, so that its text must do."""
    gaps: bool = False
    """Whether the time between events is read, where events have times."""

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, "id_dropout", 0.0, 1.0)


class TextSequence:
    """The next item from the last ones, an item being what a language model makes of its text.

    An item is ``W text + g(n) id``: its text vector, projected, plus a learned vector that a gate
    lets in by the number of its events (:class:`~penchant.models.item_table.TextTable`), so that a
    cold item stands on its text alone. A user is a causal transformer over their last events
    (item, kind of event, time gap by choice). Trained with full or sampled softmax and log-q
    correction; items without events are never negatives.

    A query is answered by the cosine of its vector with the items' text; with a history too, both
    scores are standardised over the items and added.

    State: the weights by their path in the network; ``text`` (items, text dim), ``counts``
    (items,), and ``encoder``, the mark of the encoder.
    """

    name: str = "text-sequence"
    abilities: Abilities = Abilities(new_users=True, new_items=True, queries=True)
    Config: ClassVar[type[TextSequenceConfig]] = TextSequenceConfig
    space: ClassVar[Space] = {
        "dropout": Choice((0.1, 0.2, 0.3, 0.4, 0.5)),
        "learning_rate": Real(5e-4, 4e-3, log=True),
        "dim": Choice((64, 128, 256)),
        "id_dropout": Choice((0.0, 0.1, 0.3)),
    }

    def __init__(
        self,
        config: TextSequenceConfig,
        network: NextItem,
        prior: NDArray[np.float32],
        reader: Reader,
    ) -> None:
        self.config = config
        self.network = network.eval()
        self.prior = prior
        self.reader = reader

    @classmethod
    def fit(cls, config: TextSequenceConfig, train: Dataset, seed: int = 0) -> Self:
        """Learn from training events; the encoder stays frozen.

        Raises:
            ModelNotFound: the encoder cannot be found.
            TrainingFailed: nobody has two events, or the loss is not a number.
        """
        from .sequence import fit_network

        reader = Reader(config.language)
        text = reader.vectors(train.catalogue.texts)
        written = ~empty(text)
        white = whitening(text[written] if written.any() else text)  # blanks shift the centre
        network, _ = fit_network(
            lambda seen: _network(config, seen, (text, seen.counts(), white)),
            config,
            train,
            seed,
            cls.name,
        )
        return cls(config, network, popularity_prior(train.interactions), reader)

    @classmethod
    def restore(
        cls,
        config: TextSequenceConfig,
        state: State,
        catalogue: Catalogue,
        interactions: Interactions,
    ) -> Self:
        """The model that gave this ``state``."""
        from .weights import load_weights

        white = (state["table.centre"], state["table.whiten"])
        network = _network(config, interactions, (state["text"], state["counts"], white))
        prior = np.zeros(len(state["counts"]), np.float32)
        known = popularity_prior(interactions)
        prior[: len(known)] = known
        reader = Reader(config.language, state["encoder"])
        return cls(config, load_weights(network, state), prior, reader)

    def score(self, requests: Requests) -> NDArray[np.float32]:
        """Scores (rows, items)."""
        scores = self.network.score(requests.history.last(self.config.history))
        new = requests.history.lengths == 0
        scores[new] = self.prior
        queries = requests.queries or ()
        asked = [row for row, query in enumerate(queries) if query and query.strip()]
        if asked:
            fit = self._words([queries[row] or "" for row in asked])  # (asked, items)
            told = standardised(fit) + standardised(scores[asked])
            scores[asked] = np.where(new[asked][:, None], fit, told)
        return scores

    def state(self) -> State:
        """The weights, the text vectors, the event counts and the mark of the encoder."""
        from .weights import weights_of

        table: Any = self.network.table
        return {
            **weights_of(self.network),
            "text": table.text.numpy(),
            "counts": table.counts.numpy(),
            "encoder": self.reader.mark,
        }

    def with_catalogue(self, catalogue: Catalogue) -> Self:
        """The same model over more items; each new one stands on its text alone."""
        import torch

        table: Any = self.network.table
        fresh = self.reader.vectors(catalogue.texts[len(self.prior) :])
        network = self.network.with_table(table.extended(torch.tensor(fresh)))
        prior = np.concatenate([self.prior, np.zeros(len(fresh), np.float32)])
        return type(self)(self.config, network, prior, self.reader)

    def _words(self, queries: list[str]) -> NDArray[np.float32]:
        table: Any = self.network.table
        text: NDArray[np.float32] = table.text.numpy()
        fit: NDArray[np.float32] = self.reader.vectors(queries, cache=False) @ text.T
        return fit


def standardised(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row with mean 0 and standard deviation 1 over the items."""
    spread = scores.std(axis=1, keepdims=True)
    spread[spread == 0] = 1
    scaled: NDArray[np.float32] = (scores - scores.mean(axis=1, keepdims=True)) / spread
    return scaled


Content = tuple[NDArray[np.float32], NDArray[np.int64], Centred]
"""Text vectors (items, text dim), events of each item (items,), and the whitening of the texts."""


def _network(config: TextSequenceConfig, interactions: Interactions, content: Content) -> NextItem:
    import torch

    from .item_table import TextTable
    from .next_item import next_item

    text, counts, (centre, matrix) = content
    table = TextTable(
        torch.tensor(text),
        torch.tensor(counts),
        (torch.tensor(centre), torch.tensor(matrix)),
        config.dim,
        config.id_dropout,
    )
    timed = config.gaps and interactions.timed
    return next_item(table, config, config.dim**0.5, len(interactions.kinds), timed)
