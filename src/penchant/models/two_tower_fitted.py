"""What both ways of training two towers share: the result, reading a catalogue, the figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from penchant.core import Holdout, top_k
from penchant.language import LayerCache
from penchant.language.tuning import tuned_state
from penchant.metrics import ndcg

from .texts import unit
from .two_tower_towers import Towers

if TYPE_CHECKING:
    from penchant.language import Backbone

WEIGHT_DECAY = 0.01
TOKENS_AT_ONCE = 4096


@dataclass(slots=True)
class FittedTowers:
    """What training came to.

    Attributes:
        vectors: text vectors of the catalogue, (items, dim), of unit length or zero.
        towers: what stands on them.
        adapter: what was tuned in the language model, by name; None where nothing was.
        validations: NDCG@10 after each epoch.
        epoch: the one that was kept; 0 where nothing was learned.
    """

    vectors: NDArray[np.float32]
    towers: Towers
    adapter: dict[str, NDArray[np.float32]] | None
    validations: tuple[float, ...] = ()
    epoch: int = 0


@torch.no_grad()
def read_catalogue(
    backbone: Backbone, cache: LayerCache, place: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Unit vectors (rows, dim) of the texts at these places of a cache; zeros where it is -1."""
    read = np.zeros((len(cache) + 1, backbone.dim), np.float32)  # the last row is the empty text's
    for rows in cache.batches(np.arange(len(cache)), TOKENS_AT_ONCE):
        read[rows] = cache.vectors(backbone, rows).float().cpu().numpy()
    return unit(read)[place]


def arrays_of(backbone: Backbone) -> dict[str, NDArray[np.float32]]:
    """What was tuned, by name."""
    return {name: part.cpu().numpy() for name, part in tuned_state(backbone).items()}


def ndcg_of(users: NDArray[np.float32], items: NDArray[np.float32], holdout: Holdout) -> float:
    """Mean NDCG@10 over held-out users, every item ranked, their history left out.

    Args:
        users: (rows, dim).
        items: (items, dim).
        holdout: one held-out event a row.
    """
    total = 0.0
    for start in range(0, len(holdout), 512):
        rows = slice(start, start + 512)
        part = holdout[rows]
        scores = users[rows] @ items.T
        scores[part.requests.history.row, part.requests.history.item] = -np.inf
        found, _ = top_k(scores, 10)
        hits = found == part.truth.item[part.truth.indptr[:-1], None]
        total += float(ndcg(hits, part.truth.lengths).sum())
    return total / max(1, len(holdout))
