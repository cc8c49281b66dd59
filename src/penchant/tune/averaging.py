"""Averages of weights: over steps, over epochs, over seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from penchant.core import UsageError

from .settings import EMA, BestK, LastK
from .snapshots import Weights, move_towards, put_back, snapshot

KINDRED = 0.5
"""Least cosine between weights that may be averaged: tuned copies of one start have about 1, networks
that began apart have about 0, and their mean is no network at all."""


class Averaging:
    """Averages weights while a network is trained.

    Attributes:
        kept: snapshots by epoch, with the validation figure; the moving average is at epoch 0.
    """

    def __init__(self, network: nn.Module, kind: EMA | LastK | BestK | None) -> None:
        self._network = network
        self._kind = kind
        self.kept: dict[int, tuple[float, Weights]] = {}
        if isinstance(kind, EMA):
            self.kept[0] = (0.0, snapshot(network))

    def after_step(self, step: int) -> None:
        """See the weights after a step, counted from 1."""
        if isinstance(self._kind, EMA):
            decay = min(self._kind.decay, (1 + step) / (10 + step))
            move_towards(self.kept[0][1], self._network, 1.0 - decay)

    def after_epoch(self, epoch: int, figure: float) -> None:
        """See the weights after an epoch, with its validation figure (0 without)."""
        if not isinstance(self._kind, LastK | BestK):
            return
        self.kept[epoch] = (figure, snapshot(self._network))
        if len(self.kept) > self._kind.k:
            best_kept = isinstance(self._kind, BestK)
            del self.kept[min(self.kept, key=lambda e: (self.kept[e][0] if best_kept else 0.0, e))]

    @contextmanager
    def swapped_in(self) -> Iterator[None]:
        """Inside this block the network has the moving average, if there is one."""
        if not isinstance(self._kind, EMA):
            yield
            return
        own = snapshot(self._network)
        put_back(self._network, self.kept[0][1])
        try:
            yield
        finally:
            put_back(self._network, own)

    def result(self) -> Weights | None:
        """The average, or None where none was asked for."""
        if not self.kept:
            return None
        return soup([weights for _, weights in self.kept.values()], kindred=False)


def soup(
    states: Sequence[Mapping[str, Tensor]],
    shares: Sequence[float] | None = None,
    *,
    kindred: bool = True,
) -> dict[str, Tensor]:
    """The weighted mean of several states of one network, such as of several seeds of one tuning.

    Source: M. Wortsman et al., "Model Soups", ICML 2022. Only copies tuned from the *same* start can
    be averaged; networks whose weights began at random, apart, cannot.

    Args:
        states: tensors by name, as of ``state_dict``; whole numbers are taken from the first.
        shares: weight of each state; equal if left out.
        kindred: refuse states that do not come from one start (cosine of their weights below 0.5).

    Raises:
        UsageError: the states do not fit each other, or do not come from one start.
    """
    if not states or (shares is not None and len(shares) != len(states)):
        raise UsageError(f"soup needs a share for each of its states, got {len(states)} states.")
    first = states[0]
    for number, state in enumerate(states[1:], 2):
        _check_fit(first, state, number)
        if kindred and (found := _cosine(first, state)) < KINDRED:
            raise UsageError(
                f"state {number} has a cosine of {found:.2f} with the first: they did not begin at "
                "the same weights, so that their mean would be no working network. Average the "
                "scores of such models instead, or tune them from one start."
            )
    parts = torch.tensor(shares or [1.0] * len(states), dtype=torch.float64)
    parts = parts / parts.sum()
    return {name: _mean([state[name] for state in states], parts) for name in first}


def _mean(values: list[Tensor], parts: Tensor) -> Tensor:
    if not values[0].is_floating_point() or len(values) == 1:
        return values[0].clone()
    summed = torch.zeros_like(values[0], dtype=torch.float64)
    for value, part in zip(values, parts, strict=True):
        summed += value.double() * float(part)
    return summed.to(values[0].dtype)


def _check_fit(first: Mapping[str, Tensor], state: Mapping[str, Tensor], number: int) -> None:
    for name in (*first, *state):
        one, other = (_shape(part.get(name)) for part in (first, state))
        if one != other:
            raise UsageError(f"{name!r} is {one} in the first state and {other} in state {number}.")


def _shape(value: Any) -> str:
    return "missing" if value is None else f"{tuple(value.shape)} {value.dtype}"


def _cosine(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> float:
    dot = left = right = 0.0
    for name, value in one.items():
        if value.is_floating_point():
            a, b = value.double().flatten(), other[name].double().flatten()
            dot, left, right = dot + float(a @ b), left + float(a @ a), right + float(b @ b)
    return dot / max((left * right) ** 0.5, 1e-30) if left and right else 1.0
