"""Generation: the tokens of an answer after its prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from penchant.core import UsageError

from .shapes import of_shape

IGNORED = -100
"""The label of a token that is read but not learned; transformers uses the same."""


@dataclass(frozen=True, slots=True)
class TokenLikelihood:
    """Negative log-likelihood of the answer's tokens, the prompt being given.

    What it learns: to answer. When to use it: a decoder tuned on instruction examples
    (``instruction_examples``) or, with all tokens as labels, domain pre-training.

    Source: L. Ouyang et al., "Training Language Models to Follow Instructions with Human Feedback",
    NeurIPS 2022 (its supervised step); tuned for recommendation by K. Bao et al., "TALLRec", RecSys
    2023.
    """

    average: Literal["tokens", "examples"] = "tokens"
    """Mean over all tokens, or over examples of the mean over their tokens: the second weighs a
    one-word answer as much as a long one, for mixed tasks."""
    smoothing: float = 0.0
    """Share of each label that is spread evenly over the vocabulary."""

    def __post_init__(self) -> None:
        if self.average not in ("tokens", "examples"):
            raise UsageError(f"average={self.average!r}: 'tokens' or 'examples'.")

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The mean negative log-likelihood, in nats.

        Args:
            logits: of a causal model, (rows, length, vocabulary); those at place t are about the
                token at t + 1.
            labels: token ids, (rows, length) int64, ``IGNORED`` on prompt and padding.

        Raises:
            UsageError: shapes do not fit, or there is not one token to learn.
        """
        if logits.dim() != 3:
            raise UsageError(f"logits {tuple(logits.shape)}: must be (rows, length, vocabulary).")
        of_shape("labels", labels, *logits.shape[:2])
        following = labels[:, 1:]  # (rows, length - 1)
        told = following != IGNORED
        if not bool(told.any()):
            raise UsageError(
                "labels: no token to learn in this batch: the answers were cut off, or there are "
                "none. Shorten the prompts (fewer events of history) or raise the length."
            )
        losses = functional.cross_entropy(
            logits[:, :-1].flatten(0, 1).float(),
            following.flatten(),
            ignore_index=IGNORED,
            reduction="none",
            label_smoothing=self.smoothing,
        ).view_as(following)  # (rows, length - 1), 0 where ignored
        if self.average == "tokens":
            return losses.sum() / told.sum()
        count = told.sum(dim=1)
        return (losses.sum(dim=1) / count.clamp_min(1))[count > 0].mean()


def answer_labels(
    prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]], length: int
) -> tuple[list[list[int]], list[list[int]]]:
    """Token ids of prompt and answer together, and labels that leave out the prompt.

    What is too long loses the beginning of its prompt, never its answer.

    Args:
        prompts: token ids of each prompt.
        answers: token ids of each answer, its end of text included.
        length: most tokens.

    Returns:
        ids and labels, ragged, of equal lengths row by row.

    Raises:
        UsageError: an answer alone is too long.

    >>> answer_labels([[1, 2, 3]], [[8, 9]], length=4)
    ([[2, 3, 8, 9]], [[-100, -100, 8, 9]])
    """
    ids, labels = [], []
    for prompt, answer in zip(prompts, answers, strict=True):
        room = length - len(answer)
        if room < 1:
            raise UsageError(
                f"an answer of {len(answer)} tokens leaves no room for a prompt in {length}."
            )
        kept = list(prompt)[-room:]
        ids.append(kept + list(answer))
        labels.append([IGNORED] * len(kept) + list(answer))
    return ids, labels


def padded_labels(labels: Sequence[Sequence[int]], device: torch.device | None = None) -> Tensor:
    """Ragged labels as (rows, longest) int64, ``IGNORED`` at the end of shorter rows."""
    longest = max((len(row) for row in labels), default=0)
    rows = [list(row) + [IGNORED] * (longest - len(row)) for row in labels]
    return torch.tensor(rows, dtype=torch.int64, device=device)
