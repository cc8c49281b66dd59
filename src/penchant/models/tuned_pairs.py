"""A language model tuned on pairs of consecutive items, before a sequence model is fitted over it.

Pairs teach a text where its item stands among the others from the first step on, from items that
people chose one after the other, with every other item of a batch as a negative. What is learned
holds for items that nobody has chosen yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penchant.core import generator
from penchant.language import load_backbone
from penchant.language.tuning import tuned_state
from penchant.tune import MatchingConfig, next_item_pairs, tune_on_pairs

if TYPE_CHECKING:
    from penchant.data import Dataset

    from .text_sequence_config import TextSequenceConfig


def tuned_on_pairs(
    config: TextSequenceConfig, data: Dataset, seed: int, what: str
) -> dict[str, NDArray[Any]] | None:
    """What tuning on pairs made of the language model, by name; None without two pairs.

    Args:
        config: how it is tuned, on how many pairs, at which rate.
        data: the events that pairs may come from: without those that validation asks about.
        seed: which pairs, and their order.
        what: the words beside the progress bar.
    """
    if config.tuning is None:
        return None
    pairs = next_item_pairs(data.interactions.events, data.catalogue.texts)
    if len(pairs) < 2:
        return None
    rng = generator(seed, "pairs")
    chosen = rng.choice(len(pairs), min(config.pairs, len(pairs)), replace=False)
    backbone = load_backbone(config.language)
    matching = MatchingConfig(learning_rate=config.pairs_rate, precision=config.loop.precision)
    tune_on_pairs(
        backbone, pairs[np.sort(chosen)], config.tuning, matching, seed, what=f"{what}, pairs"
    )
    return {name: part.cpu().numpy() for name, part in tuned_state(backbone).items()}
