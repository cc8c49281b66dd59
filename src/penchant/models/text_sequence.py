"""TextSequence, the flagship: items read by a language model, users by a causal transformer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
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

from .base import popularity_prior, rows_with_words
from .state_parts import ADAPTER, behind, inside
from .text_sequence_config import TextSequenceConfig
from .text_sequence_network import text_network
from .texts import Reader, empty, reader_of, standardised
from .whitening import whitening

if TYPE_CHECKING:
    from torch import Tensor

    from penchant.data import Dataset

    from .item_table import TextTable
    from .next_item import NextItem
    from .sequence import Fitted
    from .texts import Adapter
    from .update_config import UpdateConfig


class TextSequence:
    """The next item from the last ones, an item being what a language model makes of its text.

    An item is ``W text + g(n) id``: its text vector, projected, plus a learned vector that a gate
    lets in by the number of its events (:class:`~penchant.models.item_table.TextTable`), so that a
    cold item stands on its text alone. A user is a causal transformer over their last events
    (item, kind of event, time gap by choice). Trained with full or sampled softmax and log-q
    correction; items without events are never negatives.

    A query is answered by the cosine of its vector with the items' text; with a history too, both
    scores are standardised over the items and added.

    With ``pairs``, the language model is first tuned on pairs of consecutive items
    (:mod:`~penchant.models.tuned_pairs`). With ``tuning``, training over the frozen vectors is followed by epochs in which the language
    model learns as well (:mod:`~penchant.models.tuned_text`), at its own rate. They are kept only
    where the validation NDCG@10 rises above that of the frozen model.

    Attributes:
        validations: NDCG@10 before tuning and after each of its epochs; empty without tuning.

    State: the weights by their path in the network; ``text`` (items, text dim), ``counts``
    (items,), ``encoder``, the mark of the encoder, and where the language model was tuned
    ``validations`` (epochs + 1,) and what was tuned, by its path behind ``adapter.``.
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
        validations: tuple[float, ...] = (),
    ) -> None:
        self.config = config
        self.network = network.eval()
        self.prior = prior
        self.reader = reader
        self.validations = validations

    @classmethod
    def fit(cls, config: TextSequenceConfig, train: Dataset, seed: int = 0) -> Self:
        """Learn from training events: over frozen text vectors first, then by choice with tuning.

        Raises:
            ModelNotFound: the encoder cannot be found.
            TrainingFailed: nobody has two events, or the loss is not a number.
        """
        start = cls.on_pairs(config, train, seed)
        return cls.tuned(config, cls.fit_frozen(config, train, seed, start), train, seed, start)

    @classmethod
    def on_pairs(cls, config: TextSequenceConfig, train: Dataset, seed: int = 0) -> Adapter | None:
        """The language model tuned on pairs of items, where ``config.pairs`` asks for that.

        The pairs are of the events that early stopping does not ask about.
        """
        if config.tuning is None or not config.pairs:
            return None
        from .sequence import cut_of
        from .tuned_pairs import tuned_on_pairs

        inner, _ = cut_of(config.validation)(train, config.validation_users, seed)
        found = tuned_on_pairs(config, inner, seed, cls.name)
        return None if found is None else (config.tuning, found)

    @classmethod
    def fit_frozen(
        cls,
        config: TextSequenceConfig,
        train: Dataset,
        seed: int = 0,
        start: Adapter | None = None,
    ) -> Fitted:
        """The part of :meth:`fit` in which the language model stands still.

        Args:
            config: the settings; ``tuning`` makes no difference.
            train: the training events.
            seed: of weights, batches and validation.
            start: what :meth:`on_pairs` made of the language model.
        """
        from .sequence import cut_of, fit_network

        text = reader_of(config.language, start).vectors(train.catalogue.texts)
        written = ~empty(text)
        white = whitening(text[written] if written.any() else text)  # blanks shift the centre
        return fit_network(
            lambda seen: text_network(config, seen, (text, seen.counts(), white)),
            config,
            train,
            seed,
            cls.name,
            cut_of(config.validation),
        )

    @classmethod
    def tuned(
        cls,
        config: TextSequenceConfig,
        fitted: Fitted,
        train: Dataset,
        seed: int = 0,
        start: Adapter | None = None,
    ) -> Self:
        """The rest of :meth:`fit`; ``fitted`` stays as it is, so several ways can start from it."""
        prior, reader = popularity_prior(train.interactions), reader_of(config.language, start)
        if config.tuning is None or not config.tuning_epochs:
            return cls(config, fitted.network, prior, reader)
        from .tuned_sequence import tune_fitted

        found = tune_fitted(fitted, config, train, seed, cls.name, start)
        if found.adapter is not None:
            adapter = {name: part.cpu().numpy() for name, part in found.adapter.items()}
            reader = reader_of(config.language, (config.tuning, adapter))
        return cls(config, found.network, prior, reader, tuple(found.validations))

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
        content = (state["text"], state["counts"], white)
        network = text_network(config, interactions, content, learning=False)
        prior = np.zeros(len(state["counts"]), np.float32)
        known = popularity_prior(interactions)
        prior[: len(known)] = known
        adapter = inside(state, ADAPTER)
        tuned = (config.tuning, adapter) if config.tuning is not None and adapter else None
        reader = Reader(config.language, state["encoder"], tuned)
        figures = tuple(state["validations"].tolist()) if "validations" in state else ()
        return cls(config, load_weights(network, state), prior, reader, figures)

    def score(self, requests: Requests) -> NDArray[np.float32]:
        """Scores (rows, items)."""
        scores = self.network.score(requests.history.last(self.config.history), self._items)
        new = requests.history.lengths == 0
        scores[new] = self.prior
        asked = rows_with_words(requests)
        if asked:
            fit = self._words(
                [(requests.queries or ())[row] or "" for row in asked]
            )  # (asked, items)
            told = standardised(fit) + standardised(scores[asked])
            scores[asked] = np.where(new[asked][:, None], fit, told)
        return scores

    def state(self) -> State:
        """The weights, the text vectors, the event counts, the mark of the encoder, the adapter."""
        from .weights import weights_of

        table = self._table
        state = {
            **weights_of(self.network),
            "text": table.text.numpy(),
            "counts": table.counts.numpy(),
            "encoder": self.reader.mark,
        }
        if self.validations:
            state["validations"] = np.array(self.validations, np.float64)
        return state | behind(ADAPTER, self.reader.adapter[1] if self.reader.adapter else {})

    def with_catalogue(self, catalogue: Catalogue) -> Self:
        """The same model over more items; each new one stands on its text alone."""
        import torch

        known, table = len(self.prior), self._table
        fresh = self.reader.vectors(catalogue.texts[known:])
        prior = np.concatenate([self.prior, np.zeros(len(fresh), np.float32)])
        added = torch.arange(known, len(prior))
        return self._over(table.extended(torch.from_numpy(fresh)), prior, added)

    def updated(
        self, config: UpdateConfig, data: Dataset, new: NDArray[np.bool_], seed: int = 0
    ) -> Self:
        """The model after new events, as of :class:`~penchant.models.updating.Updatable`.

        An item without events so far gets its id, which begins at zero; gates and popularity count
        all events.
        """
        import torch

        from .update import material, updated_network

        more = len(data.catalogue) > len(self.prior)
        known = self.with_catalogue(data.catalogue) if more else self
        table = known._table.learning(torch.from_numpy(data.interactions.counts()))
        start = known.network.learning(table, len(data.interactions.kinds))
        given = material(data.interactions, new, self.config, config, seed)
        network = updated_network(start, given, self.config, config, seed, self.name)
        prior = popularity_prior(data.interactions)
        return type(self)(self.config, network, prior, self.reader, self.validations)

    def item_vectors(self) -> NDArray[np.float32]:
        """What the table makes of text and id, (items, dim)."""
        vectors: NDArray[np.float32] = self._items.numpy()
        return vectors

    def user_vectors(self, requests: Requests) -> NDArray[np.float32]:
        """States after the last events (rows, dim); zeros for an empty history, and for words."""
        history = requests.history.last(self.config.history)
        asked = rows_with_words(requests)
        if asked:
            wordless = np.ones(len(requests), np.bool_)
            wordless[asked] = False
            history = history.where(wordless[history.row])
        return self.network.users(history, self._items)

    def text_vectors(self) -> NDArray[np.float32]:
        """Unit vectors of the items' texts (items, text dim), zeros for blanks."""
        text: NDArray[np.float32] = self._table.text.numpy()
        return text

    def read(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of texts (texts, text dim), zeros for blanks."""
        return self.reader.vectors(texts, cache=False)

    def with_texts(self, items: NDArray[np.integer], texts: Sequence[str]) -> Self:
        """The same model with other texts of some items; what their events taught stays."""
        import torch

        fresh, codes = torch.from_numpy(self.reader.vectors(texts)), torch.from_numpy(items)
        return self._over(self._table.reworded(fresh, codes), self.prior, codes)

    @cached_property
    def _items(self) -> Tensor:
        return self.network.items()  # made once: the projection of every text is most of a request

    @property
    def _table(self) -> TextTable:
        table: Any = self.network.table
        return table  # type: ignore[no-any-return]  # fit made it one

    def _over(self, table: TextTable, prior: NDArray[np.float32], changed: Tensor) -> Self:
        """The same model over another table, of which only the vectors of some items are made."""
        network = self.network.with_table(table)
        made = type(self)(self.config, network, prior, self.reader, self.validations)
        made.__dict__["_items"] = table.vectors_again(self._items, changed)
        return made

    def _words(self, queries: list[str]) -> NDArray[np.float32]:
        fit: NDArray[np.float32] = self.reader.vectors(queries, cache=False) @ self.text_vectors().T
        return fit
