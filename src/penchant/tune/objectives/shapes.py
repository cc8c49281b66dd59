"""What the inputs of an objective must look like, checked before numbers are broadcast in silence."""

from __future__ import annotations

import torch
from torch import Tensor

from penchant.core import UsageError


def same_shape(**tensors: Tensor) -> None:
    """Refuse tensors of different shapes: (rows,) against (rows, 1) would broadcast to a matrix.

    Raises:
        UsageError: naming the tensors and their shapes.
    """
    if len({tensor.shape for tensor in tensors.values()}) > 1:
        told = ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in tensors.items())
        raise UsageError(f"{told}: these must have one shape.")


def of_shape(name: str, tensor: Tensor, *sizes: int | None) -> None:
    """Refuse a tensor of another shape.

    Args:
        name: what it is called.
        tensor: it.
        sizes: size of each dimension; None for any.

    Raises:
        UsageError: with the shape that was wanted.
    """
    fits = tensor.dim() == len(sizes) and all(
        size is None or size == found for size, found in zip(sizes, tensor.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if size is None else str(size) for size in sizes)
        raise UsageError(f"{name} {tuple(tensor.shape)}: the shape must be ({wanted}).")


def within_classes(name: str, codes: Tensor, classes: int) -> None:
    """Refuse codes that are not in 0 .. classes - 1.

    Raises:
        UsageError: with the first code that is not.
    """
    wrong = codes[(codes < 0) | (codes >= classes)]
    if wrong.numel():
        raise UsageError(f"{name}: {int(wrong[0])} is none of the {classes} codes from 0.")


def positive(name: str, value: float) -> None:
    """Refuse a setting that is not above zero.

    Raises:
        UsageError: with its value.
    """
    if not value > 0:
        raise UsageError(f"{name}={value:g}: must be above 0.")


def places(name: str, value: int | None) -> None:
    """Refuse a number of places below 1, with which nothing would be learned; None is all.

    Raises:
        UsageError: with its value.
    """
    if value is not None and value < 1:
        raise UsageError(f"{name}={value}: at least 1, or None for all places.")


def mean(losses: Tensor, weight: Tensor | None = None) -> Tensor:
    """The mean, or the weighted mean; 0 (with a gradient of 0) where there is nothing to average."""
    if weight is None:
        return losses.sum() / max(losses.numel(), 1)
    return (losses * weight).sum() / weight.sum().clamp_min(torch.finfo(losses.dtype).tiny)
