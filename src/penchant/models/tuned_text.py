"""The texts of a catalogue under a language model that is being tuned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from penchant.language import LayerCache
from penchant.language.tuning import (
    after_step,
    apply_tuning,
    before_training,
    frozen_below,
    load_tuned_state,
    penalty,
    tuned_state,
)
from penchant.tune import by_decay

if TYPE_CHECKING:
    from penchant.language import Backbone
    from penchant.language.tuning import Tuning

    from .text_sequence_config import TextSequenceConfig


class Texts:
    """The distinct texts of a catalogue, with their lower layers computed once.

    Attributes:
        place: the distinct text of each item, -1 where an item has none, (items,).
        cache: the texts by number.
    """

    def __init__(self, backbone: Backbone, texts: Sequence[str], way: Tuning) -> None:
        """Args: texts: of the items; way: how the model will be tuned."""
        written = [text for text in dict.fromkeys(texts) if text.strip()]
        number = {text: row for row, text in enumerate(written)}
        self.place = np.array([number.get(text, -1) for text in texts], np.int64)
        self.cache = LayerCache(backbone, written, frozen_below(way, len(backbone.blocks)))


class TunedText:
    """A language model that learns from the gradients of its texts' vectors.

    The network above treats text vectors as numbers of its own and collects their gradient over
    some steps. Then the texts with the largest gradients pass through the language model once
    more, this time with gradients of its weights, and the optimiser makes a step; what the other
    texts have collected waits for its turn. So a text is read once a step however often its item
    occurs, and the number of texts read in a step is bounded.

    Sources: L. Gao et al., "Scaling Deep Contrastive Learning Batch Size under Memory Limited
    Setup" (GradCache), RepL4NLP 2021, for the gradient in two passes; X. Wang et al., "Cross-Batch
    Memory for Embedding Learning", CVPR 2020, for vectors of earlier steps beside fresh ones; S.
    Stich et al., "Sparsified SGD with Memory", NeurIPS 2018, for gradients that wait.
    """

    def __init__(
        self, backbone: Backbone, texts: Texts, config: TextSequenceConfig, steps: int, seed: int
    ) -> None:
        """Prepare a model for tuning.

        Args:
            backbone: a fresh one; it is changed in place.
            texts: of the catalogue.
            config: how it is tuned, at which rate, and how many texts are read in a step.
            steps: steps that will be made at most.
            seed: of the weights that the way of tuning adds.
        """
        assert config.tuning is not None  # noqa: S101 - the caller looked
        apply_tuning(backbone, config.tuning, seed)
        before_training(backbone, steps)
        # without the model's own dropout: the vectors stay those that were scored
        self.backbone = backbone.eval()
        self._dropouts = [
            part for name, part in backbone.named_modules() if name.endswith("lora_dropout.default")
        ]
        self._texts, self._most = texts, config.language_texts
        self._learned = [p for p in backbone.parameters() if p.requires_grad]
        decaying, others = by_decay(backbone)
        self._optimiser = torch.optim.AdamW(
            [
                {"params": decaying, "weight_decay": WEIGHT_DECAY},
                {"params": others, "weight_decay": 0.0},
            ],
            lr=config.language_rate,
        )
        self._rate, self._steps = config.language_rate, 0

    @torch.no_grad()
    def moved(self, vectors: Tensor) -> bool:
        """Whether some texts have other vectors (items, dim) than these: prompts move all of them."""
        rows = next(iter(self._texts.cache.batches(np.arange(len(self._texts.cache)))))[:8]
        items = [int(np.flatnonzero(self._texts.place == row)[0]) for row in rows]
        read = unit(self._texts.cache.vectors(self.backbone, rows)).cpu()
        return not torch.allclose(read, vectors[items], atol=1e-3)

    @torch.no_grad()
    def vectors(self) -> Tensor:
        """Unit vectors of all items (items, dim); zeros for an item without a text."""
        cache = self._texts.cache
        read = torch.zeros(len(cache) + 1, self.backbone.dim)  # the last row is the empty text's
        for rows in cache.batches(np.arange(len(cache)), 4096):
            read[torch.from_numpy(rows)] = unit(cache.vectors(self.backbone, rows)).cpu()
        return read[torch.from_numpy(self._texts.place)]

    def learn(self, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Make a step.

        Args:
            gradient: of the loss with respect to the items' vectors, (items, dim).

        Returns:
            the items whose texts were read (read,), and their vectors before the step (read, dim).
        """
        place = torch.from_numpy(self._texts.place)
        collected = torch.zeros(len(self._texts.cache) + 1, gradient.shape[1])
        collected.index_add_(0, place % len(collected), gradient)  # -1 is the last row
        collected[-1] = 0.0
        size = collected.norm(dim=1)
        chosen = size.topk(min(self._most, int((size > 0).sum()))).indices
        fresh = torch.zeros_like(collected)
        self._optimiser.zero_grad(set_to_none=True)
        self._dropping(True)
        for rows in self._texts.cache.batches(np.sort(chosen.numpy())):
            number = torch.from_numpy(rows)
            read = unit(self._texts.cache.vectors(self.backbone, rows))
            surrogate = (read * collected[number].to(read.device)).sum()
            surrogate.backward()  # type: ignore[no-untyped-call]  # torch
            fresh[number] = read.detach().cpu()
        self._dropping(False)
        self._step()
        items = torch.isin(place, chosen)
        return torch.nonzero(items)[:, 0], fresh[place[items]]

    def adapter(self) -> dict[str, Tensor]:
        """What is tuned, by name."""
        return tuned_state(self.backbone)

    def load(self, adapter: Mapping[str, Tensor]) -> None:
        """Go back to what :meth:`adapter` gave."""
        load_tuned_state(self.backbone, adapter)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint holds: the adapter, and where the optimiser stands."""
        budget = getattr(self.backbone, "rank_budget", None)  # AdaLoRA's
        return {
            "adapter": self.adapter(),
            "optimiser": self._optimiser.state_dict()["state"],
            "steps": self._steps,
            "budget": budget.state_dict() if budget is not None else {},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.load(state["adapter"])
        groups = self._optimiser.state_dict()["param_groups"]
        self._optimiser.load_state_dict({"state": state["optimiser"], "param_groups": groups})
        self._steps = state["steps"]
        if state["budget"]:
            self.backbone.get_submodule("rank_budget").load_state_dict(state["budget"])

    def _dropping(self, on: bool) -> None:
        for part in self._dropouts:
            part.train(on)

    def _step(self) -> None:
        self._steps += 1
        rule = penalty(self.backbone)
        if rule.requires_grad:
            rule.backward()  # type: ignore[no-untyped-call]  # torch
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate * min(1.0, self._steps / WARMUP)
        torch.nn.utils.clip_grad_norm_(self._learned, 1.0)
        self._optimiser.step()
        after_step(self.backbone, self._steps)


WEIGHT_DECAY = 0.01
"""Decay of the language model's matrices, as usual in its fine-tuning."""

WARMUP = 5
"""Steps over which the language model's learning rate rises."""


def unit(vectors: Tensor) -> Tensor:
    """Rows scaled to length 1."""
    scaled: Tensor = functional.normalize(vectors, dim=-1, eps=1e-12)
    return scaled
