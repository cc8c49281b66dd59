"""Ratings: squared error, and the two-tower form with biases."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from penchant.core import UsageError

from .shapes import mean, of_shape, same_shape


@dataclass(frozen=True, slots=True)
class SquaredError:
    """How much: a rating, a time watched.

    What it learns: the expected value. When to use it: the figure that counts is the RMSE, or
    values have an order and sizes that mean something. For a ranking of unseen items it is the
    wrong loss: it never hears of what nobody rated.

    Source: least squares; ``huber`` of P. Huber, "Robust Estimation of a Location Parameter", 1964.
    """

    huber: float | None = None
    """Distance beyond which the loss grows linearly, for values with outliers; None: never."""

    def __post_init__(self) -> None:
        if self.huber is not None and not self.huber > 0:
            raise UsageError(f"huber={self.huber:g}: must be above 0, or None.")

    def __call__(self, predicted: Tensor, values: Tensor, weight: Tensor | None = None) -> Tensor:
        """The weighted mean of the squared error (half of it and linear beyond ``huber``, if set).

        Args:
            predicted: (rows,).
            values: what was given, (rows,); in units of the rating.
            weight: how much each row counts, (rows,); 1 by default.

        Raises:
            UsageError: shapes differ.
        """
        same_shape(predicted=predicted, values=values)
        off = predicted - values.to(predicted.dtype)  # (rows,)
        losses = off.square()
        if self.huber is not None:
            losses = nn.functional.huber_loss(
                off, torch.zeros_like(off), reduction="none", delta=self.huber
            )
        if weight is not None:
            same_shape(predicted=predicted, weight=weight)
        return mean(losses, weight)


class TwoTowerRating(nn.Module):
    """A rating from two vectors: r = f(h_u . h_i + b_u + b_i + mu).

    What it learns: with :class:`SquaredError`, the towers behind ``h_u`` and ``h_i`` and a bias a
    user and an item. The biases take up what is general (a generous user, a good item: most of the
    variance of ratings), so that the vectors learn what suits whom. When to use it: ratings with
    known users and items; somebody new has a bias of 0 and is told by the text alone.

    Source: Y. Koren, R. Bell and C. Volinsky, "Matrix Factorization Techniques for Recommender
    Systems", IEEE Computer 2009; the scaled sigmoid of R. Salakhutdinov and A. Mnih, "Probabilistic
    Matrix Factorization", NIPS 2007.

    Attributes:
        user_bias: (users,).
        item_bias: (items,).
        centre: mu: the mean rating, or its inverse under f; ().
    """

    user_bias: nn.Parameter
    item_bias: nn.Parameter
    centre: Tensor
    bounds: Tensor

    def __init__(
        self, users: int, items: int, mean: float, scale: tuple[float, float] | None = None
    ) -> None:
        """Begin with all biases at 0, so that the first prediction is f(mu) = mean.

        Args:
            users: how many.
            items: how many.
            mean: of the training ratings.
            scale: lowest and highest rating: f is then the sigmoid between them; None: f is the
                identity.

        Raises:
            UsageError: the mean does not lie within the scale.
        """
        super().__init__()
        self.user_bias = nn.Parameter(torch.zeros(users))
        self.item_bias = nn.Parameter(torch.zeros(items))
        self.bounded = scale is not None
        low, high = scale if scale is not None else (0.0, 1.0)
        if scale is not None and not low < mean < high:
            raise UsageError(f"mean={mean:g}: must lie between the ratings {low:g} and {high:g}.")
        share = torch.tensor((mean - low) / (high - low))
        centre = torch.logit(share) if self.bounded else torch.tensor(float(mean))
        self.register_buffer("centre", centre)
        self.register_buffer("bounds", torch.tensor([low, high]))

    def forward(self, users: Tensor, items: Tensor, user: Tensor, item: Tensor) -> Tensor:
        """Predicted ratings, (rows,).

        Args:
            users: h_u of each row, (rows, dim).
            items: h_i of each row, (rows, dim).
            user: code of the user, (rows,) int64; negative for somebody new.
            item: code of the item, (rows,) int64; negative for a new one.

        Raises:
            UsageError: shapes do not fit.
        """
        same_shape(users=users, items=items)
        of_shape("user", user, len(users))
        of_shape("item", item, len(users))
        dot = (users * items).sum(dim=1)  # (rows,)
        total = dot + _known(self.user_bias, user) + _known(self.item_bias, item) + self.centre
        if not self.bounded:
            return total
        low, high = self.bounds[0], self.bounds[1]
        return low + (high - low) * torch.sigmoid(total)


def _known(bias: Tensor, code: Tensor) -> Tensor:
    # the bias of each code (rows,), 0 for a negative one
    if not len(bias):
        return torch.zeros(code.shape, dtype=bias.dtype, device=bias.device)
    return bias[code.clamp_min(0)] * (code >= 0)
