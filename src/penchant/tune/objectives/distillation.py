"""Knowledge distillation: a small model learns what a larger one answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.core import UsageError

from .shapes import of_shape, positive, same_shape


@dataclass(frozen=True, slots=True)
class Distillation:
    """The teacher's softened distribution over the same candidates.

    What it learns: how the teacher orders all candidates, the wrong ones too, which tells more than
    the label alone. When to use it: a large, slow model scores lists (or classes, or tokens), and a
    small one must answer in its place. Usually with the labels' own loss beside it
    (:class:`WeightedSum`); for two classes give log-odds as (rows, 2) with a column of zeros.

    Source: G. Hinton, O. Vinyals and J. Dean, "Distilling the Knowledge in a Neural Network", 2015;
    on rankings J. Tang and K. Wang, "Ranking Distillation", KDD 2018.
    """

    temperature: float = 2.0
    """What both sides' logits are divided by; the loss is multiplied by its square, so that its
    gradients keep their size beside another loss."""

    def __post_init__(self) -> None:
        positive("temperature", self.temperature)

    def __call__(self, student: Tensor, teacher: Tensor, mask: Tensor | None = None) -> Tensor:
        """Temperature squared times the mean divergence KL(teacher || student), in nats.

        Args:
            student: logits over the candidates, (rows, candidates).
            teacher: the larger model's, the same shape; no gradient flows into them.
            mask: which candidates there are, the same shape, bool; all by default.

        Raises:
            UsageError: shapes differ.
        """
        same_shape(student=student, teacher=teacher)
        if student.dim() != 2:
            raise UsageError(f"student {tuple(student.shape)}: must be (rows, candidates).")
        if not student.numel():
            return student.sum()  # 0, with a gradient
        teacher = teacher.detach().to(student.dtype) / self.temperature
        student = student / self.temperature
        if mask is not None:
            same_shape(student=student, mask=mask)
            low = torch.finfo(student.dtype).min / 4  # finite, whatever the temperature
            student, teacher = student.masked_fill(~mask, low), teacher.masked_fill(~mask, low)
        told = functional.log_softmax(teacher, dim=1)  # (rows, candidates)
        learned = functional.log_softmax(student, dim=1)
        divergence = functional.kl_div(learned, told, reduction="batchmean", log_target=True)
        return divergence * self.temperature**2


class EmbeddingDistillation(nn.Module):
    """The teacher's vectors of the same texts.

    What it learns: to place texts as the teacher does. When to use it: a small encoder in place of
    a large one, from unlabelled text alone. Where the widths differ, a projection from the
    student's to the teacher's is learned along and thrown away afterwards.

    Source: N. Reimers and I. Gurevych, "Making Monolingual Sentence Embeddings Multilingual using
    Knowledge Distillation", EMNLP 2020; the projection of A. Romero et al., "FitNets", ICLR 2015.
    """

    def __init__(
        self, student: int, teacher: int, distance: Literal["squared", "cosine"] = "squared"
    ) -> None:
        """Set up the projection where one is needed.

        Args:
            student: width of the student's vectors.
            teacher: width of the teacher's.
            distance: mean squared difference an entry, or one minus the cosine.

        Raises:
            UsageError: another distance.
        """
        super().__init__()
        if distance not in ("squared", "cosine"):
            raise UsageError(f"distance={distance!r}: 'squared' or 'cosine'.")
        self.widths = (student, teacher)
        self.distance = distance
        self.projection = (
            nn.Identity() if student == teacher else nn.Linear(student, teacher, bias=False)
        )

    def forward(self, student: Tensor, teacher: Tensor) -> Tensor:
        """The mean distance.

        Args:
            student: vectors, (rows, student).
            teacher: vectors of the same texts, (rows, teacher); no gradient flows into them.

        Raises:
            UsageError: shapes do not fit.
        """
        of_shape("student", student, None, self.widths[0])
        of_shape("teacher", teacher, len(student), self.widths[1])
        moved: Tensor = self.projection(student)  # (rows, teacher)
        told = teacher.detach().to(moved.dtype)
        if not len(moved):
            return moved.sum()  # 0, with a gradient
        if self.distance == "squared":
            return functional.mse_loss(moved, told)
        return (1 - functional.cosine_similarity(moved, told, dim=1)).mean()
