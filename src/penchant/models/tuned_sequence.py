"""The language model and the network of the next item, tuned together."""

from __future__ import annotations

import copy
import dataclasses
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from penchant.core import Holdout, Interactions, Sequences, generator
from penchant.language import batches_by_length, load_backbone
from penchant.tune import train

from .loop_settings import LoopSettings
from .next_item import NextItem
from .next_item_loss import Objective
from .sequence import Fitted, lessons_of, rows_of, validation_ndcg
from .tuned_text import Texts, TunedText

if TYPE_CHECKING:
    from penchant.data import Dataset

    from .text_sequence_config import TextSequenceConfig
    from .texts import Adapter

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tuned:
    """What tuning came to.

    Attributes:
        network: over the tuned vectors, or over the frozen ones where those were the best.
        adapter: what is tuned, by name; None where the frozen language model was the best.
        validations: NDCG@10 before tuning and after each epoch; empty without validation.
        epoch: the epoch that was kept; 0 for the frozen language model.
    """

    network: NextItem
    adapter: dict[str, Tensor] | None = None
    validations: list[float] = field(default_factory=list)
    epoch: int = 0


def tune_fitted(
    fitted: Fitted,
    config: TextSequenceConfig,
    data: Dataset,
    seed: int,
    what: str,
    start: Adapter | None = None,
) -> Tuned:
    """Go on from networks over the vectors of a frozen language model, and tune it with them.

    Where validation finds no epoch better than the frozen model, that is the result.

    Args:
        fitted: the networks; they are left as they are.
        config: the settings; without ``tuning`` the network stays as it is.
        data: all training events, and the catalogue.
        seed: of the weights that tuning adds, of batches and of dropout.
        what: the words beside the progress bar.
        start: what the language model of ``fitted`` was tuned to before; None for its base.
    """
    if config.tuning is None:
        return Tuned(fitted.network)
    if fitted.holdout is None or not any(text.strip() for text in data.catalogue.texts):
        log.warning(
            "%s: the language model stays frozen, because nobody has the 3 events that validation "
            "needs, or no item has a text; nothing could tell whether tuning helps",
            what,
        )
        return Tuned(fitted.network)
    with torch.random.fork_rng(devices=[]):
        texts = Texts(load_backbone(config.language), data.catalogue.texts, config.tuning)
        judged = _Run(fitted.judged, texts, config, fitted.inner, seed, start)
        result = judged.learn(f"{what}, tuning", config.tuning_epochs, fitted.holdout)
        if not result.epoch:
            return dataclasses.replace(result, network=fitted.network)
        if fitted.network is not fitted.judged:
            whole = _Run(fitted.network, texts, config, data.interactions, seed, start)
            last = whole.learn(f"{what}, tuning on all events", result.epoch)
            result = dataclasses.replace(result, network=last.network, adapter=last.adapter)
    return result


class _Run:
    """A network and a language model in one loop; every few batches the latter makes a step."""

    def __init__(
        self,
        network: NextItem,
        texts: Texts,
        config: TextSequenceConfig,
        interactions: Interactions,
        seed: int,
        start: Adapter | None = None,
    ) -> None:
        self._network = copy.deepcopy(network)
        self._table.even.requires_grad_()  # every text vector collects its gradient
        self._config, self._seed = config, seed
        self._rng = generator(seed, "tuning")
        self._rows = rows_of(interactions, config.history, "tuning")
        batches = batches_by_length(self._rows.lengths, config.batch_tokens, slack=1)
        self._batches = sum(1 for _ in batches)
        steps = config.tuning_epochs * -(-self._batches // config.language_every)
        self._text = TunedText(load_backbone(config.language), texts, config, steps, seed)
        if start is not None:
            self._text.load({name: torch.tensor(part) for name, part in start[1].items()})
        self._objective = Objective(
            self._network,
            interactions.counts(),
            config.negatives,
            config.negative_power,
            self._rng,
        )
        self._at = _At(stale=self._text.moved(self._table.text))
        self._best: dict[str, Tensor] = {}  # what was tuned in the best epoch

    @property
    def _table(self) -> Any:
        return self._network.table

    def learn(self, what: str, epochs: int, holdout: Holdout | None = None) -> Tuned:
        """Run so many epochs, or with a holdout until validation stops them; keep the best."""
        config, figures = self._config, self._at.validations

        def validate() -> float:
            self._refresh()
            figures.append(validation_ndcg(self._network, asked, config.history))
            if figures[-1] > max(figures[:-1]):
                self._best = self._text.adapter()
            return figures[-1]

        if holdout is not None:
            asked = holdout
            figures.append(validation_ndcg(self._network, asked, config.history))
        torch.manual_seed(self._seed)
        lessons = lessons_of(self._rows, config.batch_tokens, self._rng)
        train(
            self._network,
            dataclasses.replace(lessons, also={"language": self}),
            self._loss,
            _singly(config.loop).loop(
                epochs,
                config.tuning_patience,
                config.learning_rate * config.head_rate,
                config.weight_decay,
            ),
            None if holdout is None else validate,
            what,
        )
        kept = max(range(len(figures)), key=figures.__getitem__, default=0)
        if figures and not kept:
            return Tuned(self._network, None, figures)
        if self._best:  # the network of that epoch is back already
            self._text.load(self._best)
            self._at.since, self._at.stale = 0, True
        self._refresh()
        self._table.even.requires_grad_(False)
        self._table.even.grad = None
        return Tuned(self._network, self._text.adapter(), figures, kept)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint holds of the language model."""
        waiting = self._table.even.grad
        return {
            "at": dataclasses.asdict(self._at),
            "best": self._best,
            "text": self._text.state_dict(),
            "vectors": self._table.text,
            "even": self._table.even.detach(),
            "waiting": torch.zeros_like(self._table.even) if waiting is None else waiting,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        at = _At(**state["at"])
        self._at.since, self._at.stale, self._at.batches = at.since, at.stale, at.batches
        self._at.validations[:] = at.validations
        self._best = state["best"]
        self._text.load_state_dict(state["text"])
        with torch.no_grad():
            self._table.text.copy_(state["vectors"])
            self._table.even.copy_(state["even"])
        self._table.even.grad = state["waiting"].clone()

    def _loss(self, batch: Sequences) -> tuple[Tensor, int]:
        if self._at.batches % self._batches == 0:
            self._refresh()  # with validation or without, an epoch begins with fresh vectors
        elif self._at.since == self._config.language_every:
            self._step()
        self._at.batches += 1
        self._at.since += 1
        return self._objective(batch)

    def _step(self) -> None:
        """One step of the language model."""
        table, waiting = self._table, self._table.even.grad
        # the table whitens: a gradient comes back through the transposed matrix
        items, vectors = self._text.learn(waiting @ table.whiten.T / self._config.language_every)
        table.read_again(vectors, items)
        waiting[items] = 0.0
        self._at.since, self._at.stale = 0, True

    def _refresh(self) -> None:
        """Let the language model learn what is left, and read all texts that it may have changed."""
        if self._at.since:
            self._step()
        if self._at.stale:
            self._table.read_again(self._text.vectors())
            self._at.stale = False


def _singly(loop: LoopSettings) -> LoopSettings:
    """The settings without what would learn twice from a batch, or weigh it by its examples.

    The vectors' gradients are collected beside the optimiser, and batches are counted: another pass
    over one would be collected and counted again, and the gradients of accumulated ones are scaled
    in the network alone. The mean of several epochs' networks has no language model of its own.
    """
    average = loop.average if loop.average == "ema" else "none"
    return dataclasses.replace(loop, accumulate=1, adversarial="none", average=average)


@dataclass(slots=True)
class _At:
    """Where a run stands: batches learned from, those since the last step of the language model."""

    batches: int = 0
    since: int = 0
    stale: bool = False
    validations: list[float] = field(default_factory=list)
