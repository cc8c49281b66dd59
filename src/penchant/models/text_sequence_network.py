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
    config: TextSequenceConfig,
    interactions: Interactions,
    content: Content,
    *,
    learning: bool = True,
) -> NextItem:
    """Text vectors and ids under a causal transformer, its weights drawn by torch.

    Args:
        config: sizes.
        interactions: for the kinds of events.
        content: of the items.
        learning: False for a network that only answers, which needs less memory.
    """
    from .item_table import TextTable
    from .next_item import next_item
    from .weights import tensor_of

    text, counts, (centre, matrix) = content
    table = TextTable(
        tensor_of(text),
        tensor_of(counts),
        (tensor_of(centre), tensor_of(matrix)),
        config.dim,
        config.id_dropout,
        learning=learning,
    )
    timed = config.gaps and interactions.timed
    return next_item(table, config, config.dim**0.5, len(interactions.kinds), timed)
