"""Matching: a user's vector beside the right item's, away from the others'."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from penchant.core import UsageError

from .next_item import sampled_softmax
from .shapes import of_shape, positive, same_shape


@dataclass(frozen=True, slots=True)
class InBatchSoftmax:
    """In-batch softmax with log-q correction: the items of the other rows are the negatives.

    What it learns: two towers whose dot product ranks items for a user. When to use it: both sides
    are encoded anyway (text on both), and the batch is large (256 and more); a small one has easy
    negatives only, to which ``extra`` adds hard ones (:class:`~penchant.tune.HardNegatives`).

    The other rows' items come as often as they occur, so a popular one is a negative more often;
    lowering its logit by the log of how often it is expected in the batch undoes that. What is no
    true negative is left out: another row's item that is this row's own, or of the same user. The
    own item then stands there exactly once, not by chance, so its logit stays as it is: the loss is
    the softmax over the whole catalogue in expectation, which it is not where the own item's logit
    is lowered too.

    Source: M. Henderson et al., "Efficient Natural Language Response Suggestion for Smart Reply",
    2017; log-q correction of X. Yi et al., "Sampling-Bias-Corrected Neural Modeling for Large
    Corpus Item Recommendations", RecSys 2019, who keep repeated items in the batch and so correct
    the own item as well; both directions of A. Radford et al., "Learning Transferable Visual Models
    From Natural Language Supervision", ICML 2021.
    """

    temperature: float = 0.05
    """What similarities are divided by; 0.05 suits cosines, 1 suits free vectors."""
    cosine: bool = True
    """Whether vectors are scaled to length 1 first."""
    symmetric: bool = False
    """Whether each item must find its row as well; the mean of both directions."""

    def __post_init__(self) -> None:
        positive("temperature", self.temperature)

    def __call__(  # noqa: PLR0913 - what is known about a batch, all but two by choice
        self,
        queries: Tensor,
        items: Tensor,
        *,
        item: Tensor | None = None,
        user: Tensor | None = None,
        log_q: Tensor | None = None,
        extra: Tensor | None = None,
        extra_clashes: Tensor | None = None,
    ) -> Tensor:
        """The mean negative log-likelihood of each row's own item, in nats.

        Args:
            queries: vector of each user or query, (rows, dim).
            items: vector of the item that belongs to it, (rows, dim).
            item: its code, (rows,) int64: other rows with the same code are no negatives.
            user: code of the user, (rows,) int64: rows of the same user are no negatives.
            log_q: log of each item's share of all events, (rows,); None: no correction.
            extra: vectors of further negatives, shared by all rows, (extra, dim); not corrected,
                since they are not drawn by frequency.
            extra_clashes: which of them are no negatives of which row, (rows, extra) bool.

        Raises:
            UsageError: shapes do not fit.
        """
        same_shape(queries=queries, items=items)
        rows = len(queries)
        if not rows:
            return queries.sum() + items.sum()  # 0, with a gradient
        own = torch.arange(rows, device=queries.device)
        clash = _clashes(rows, item, user, queries.device)
        logits = self._similar(queries, items).masked_fill(clash, -math.inf)  # (rows, rows)
        forward = logits
        if log_q is not None:
            of_shape("log_q", log_q, rows)
            expected = log_q + math.log(max(rows - 1, 1))  # count of each among the other rows
            others = own[:, None] != own[None, :]
            forward = logits - expected[None, :] * others
        if extra is not None:
            of_shape("extra", extra, None, items.shape[1])
            more = self._similar(queries, extra)  # (rows, extra)
            if extra_clashes is not None:
                same_shape(extra=more, extra_clashes=extra_clashes)
                more = more.masked_fill(extra_clashes, -math.inf)
            forward = torch.cat([forward, more], dim=1)  # (rows, rows + extra)
        loss = functional.cross_entropy(forward, own)
        if not self.symmetric:
            return loss
        # users are not drawn by how popular they are, so this direction has nothing to correct
        return (loss + functional.cross_entropy(logits.T, own)) / 2

    def _similar(self, queries: Tensor, items: Tensor) -> Tensor:
        if self.cosine:
            queries = functional.normalize(queries, dim=-1)
            items = functional.normalize(items, dim=-1)
        return queries @ items.T / self.temperature


@dataclass(frozen=True, slots=True)
class SampledSoftmax:
    """Softmax over the right item and sampled ones, with log-q correction.

    What it learns: in expectation the softmax over the whole catalogue, see
    :func:`~penchant.tune.sampled_softmax`, which this is with a temperature, vectors of any length,
    and a choice of one sample for all rows or one a row. When to use it: catalogues of more than a
    few thousand items; one shared sample is a matrix product, a sample a row is for hard negatives.

    Source: as of :func:`~penchant.tune.sampled_softmax`.
    """

    temperature: float = 1.0
    """What dot products are divided by."""
    cosine: bool = False
    """Whether vectors are scaled to length 1 first."""

    def __post_init__(self) -> None:
        positive("temperature", self.temperature)

    def __call__(
        self,
        queries: Tensor,
        positives: Tensor,
        negatives: Tensor,
        log_q: Tensor | None = None,
        clashes: Tensor | None = None,
    ) -> Tensor:
        """The mean negative log-likelihood, in nats.

        Args:
            queries: (rows, dim).
            positives: vector of each row's item, (rows, dim).
            negatives: (sample, dim) for all rows, or (rows, sample, dim).
            log_q: log of the expected count of each sampled item in the sample, (sample,) or
                (rows, sample); None: no correction.
            clashes: which sampled items are no negatives of which row, (rows, sample) bool.

        Raises:
            UsageError: shapes do not fit.
        """
        same_shape(queries=queries, positives=positives)
        rows, dim = queries.shape
        if negatives.dim() not in (2, 3) or negatives.shape[-1] != dim:
            raise UsageError(
                f"negatives {tuple(negatives.shape)}: (sample, {dim}) or ({rows}, sample, {dim})."
            )
        if self.cosine:
            queries, positives, negatives = (
                functional.normalize(part, dim=-1) for part in (queries, positives, negatives)
            )
        queries = queries / self.temperature
        shape = (rows, negatives.shape[-2])
        log_q = queries.new_zeros(shape[1]) if log_q is None else log_q
        if clashes is None:
            clashes = torch.zeros(shape, dtype=torch.bool, device=queries.device)
        of_shape("clashes", clashes, *shape)
        if negatives.dim() == 2:
            return sampled_softmax(queries, positives, negatives, log_q, clashes)
        of_shape("negatives", negatives, rows, None, dim)
        own = (queries * positives).sum(dim=1, keepdim=True)  # (rows, 1)
        others = torch.einsum("rd,rsd->rs", queries, negatives) - log_q  # (rows, sample)
        logits = torch.cat([own, others.masked_fill(clashes, -math.inf)], dim=1)
        return (torch.logsumexp(logits, dim=1) - own[:, 0]).mean()


def _clashes(rows: int, item: Tensor | None, user: Tensor | None, device: torch.device) -> Tensor:
    """Entries that are no negatives though they lie off the diagonal, (rows, rows) bool."""
    found = torch.zeros(rows, rows, dtype=torch.bool, device=device)
    for name, codes in (("item", item), ("user", user)):
        if codes is not None:
            of_shape(name, codes, rows)
            found |= (codes[:, None] == codes[None, :]).to(device)
    return found & ~torch.eye(rows, dtype=torch.bool, device=device)
