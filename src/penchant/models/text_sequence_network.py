"""The network of TextSequence, untrained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from penchant.core import Interactions

from .text_sequence_config import TextSequenceConfig
from .whitening import Centred

if TYPE_CHECKING:
    from .next_item import NextItem

Content = tuple[NDArray[np.float32], NDArray[np.int64], Centred]
"""Text vectors (items, text dim), events of each item (items,), and the whitening of the texts."""


def text_network(
    config: TextSequenceConfig, interactions: Interactions, content: Content
) -> NextItem:
    """Text vectors and ids under a causal transformer, its weights drawn by torch."""
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
