"""What training minimises: the next item of a history, against all items or a sample of them."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional


def softmax(states: Tensor, items: Tensor, targets: Tensor) -> Tensor:
    """Full softmax: the next item against every item.

    What it learns: the probability of each item as the next one. When to use it: catalogues of up
    to a few thousand items, where the (events, items) matrix fits in the cache of the processor.

    Args:
        states: what the model knows before each event, (events, dim).
        items: item vectors, (items, dim).
        targets: row of ``items`` that came next, (events,) int64.

    Returns:
        The mean negative log-likelihood, in nats.
    """
    return functional.cross_entropy(states @ items.T, targets)


def sampled_softmax(
    states: Tensor, positives: Tensor, negatives: Tensor, log_q: Tensor, clashes: Tensor
) -> Tensor:
    """Sampled softmax with log-q correction: the next item against a shared sample of others.

    What it learns: the same as :func:`softmax`, in expectation: each negative's logit is lowered
    by the log of how often the sample is expected to hold it. When to use it: larger catalogues.

    Source: Y. Bengio and J.-S. Senecal, "Adaptive Importance Sampling to Accelerate Training of a
    Neural Probabilistic Language Model", 2008; X. Yi et al., "Sampling-Bias-Corrected Neural
    Modeling for Large Corpus Item Recommendations", RecSys 2019.

    Args:
        states: what the model knows before each event, (events, dim).
        positives: vector of the item that came next, (events, dim).
        negatives: vectors of the sampled items, (sample, dim).
        log_q: log of the expected count of each sampled item in the sample, (sample,).
        clashes: where a sampled item is the event's own next item, (events, sample) bool.

    Returns:
        The mean negative log-likelihood, in nats.
    """
    positive = (states * positives).sum(dim=1, keepdim=True)  # (events, 1)
    negative = (states @ negatives.T - log_q).masked_fill(clashes, -math.inf)  # (events, sample)
    return (torch.logsumexp(torch.cat([positive, negative], dim=1), dim=1) - positive[:, 0]).mean()


class NegativeSampler:
    """Draws items in proportion to a power of how often they occur.

    Items without events are never drawn: nobody has met them, so they are no evidence.
    """

    def __init__(self, counts: NDArray[np.int64], size: int, power: float = 1.0) -> None:
        """Args: counts: events of each item, (items,); size: items in a sample; power: exponent."""
        weight = np.where(counts > 0, np.maximum(counts, 1).astype(np.float64) ** power, 0.0)
        q = weight / weight.sum()
        self._cumulated = np.cumsum(q)
        self._log_q = np.log(np.maximum(q, np.finfo(np.float64).tiny)) + math.log(size)
        self._size = size

    def draw(self, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """One sample with replacement: item codes (size,) and the log of their expected counts."""
        drawn = np.searchsorted(self._cumulated, rng.random(self._size) * self._cumulated[-1])
        return drawn, self._log_q[drawn].astype(np.float32)
