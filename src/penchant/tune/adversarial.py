"""Adversarial training: learn, too, from embeddings pushed the way that hurts most."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from penchant.core import UsageError

from .settings import FGM, PGD


class Adversary:
    """Pushes embedding matrices up the gradient of the loss, and puts them back exactly.

    A frozen embedding is pushed too; it gets no update.
    """

    def __init__(self, network: nn.Module, attack: FGM | PGD) -> None:
        """Find the embeddings.

        Raises:
            UsageError: the network has none of that name.
        """
        self._attack = attack
        self._weights = _embeddings(network, attack.where)
        self._frozen = [weight for weight in self._weights if not weight.requires_grad]
        self._learned = [p for p in network.parameters() if p.requires_grad]

    @contextmanager
    def ready(self) -> Iterator[None]:
        """Inside this block frozen embeddings have gradients, so that they can be pushed."""
        for weight in self._frozen:
            weight.requires_grad_(True)
        try:
            yield
        finally:
            for weight in self._frozen:
                weight.requires_grad_(False)
                weight.grad = None

    def attacks(self) -> Iterator[None]:
        """Each turn stands at pushed embeddings, where the caller adds its gradient.

        Before: the gradient of the loss is in ``grad``. After: the gradient at the last pushed
        place is added to it, and every embedding is bit for bit what it was.

        Raises:
            UsageError: no gradient has reached any of them, as where lower layers are cached.
        """
        if all(weight.grad is None for weight in self._weights):
            raise UsageError(
                "adversarial training pushes embeddings along their gradient, and none reaches "
                "these: what reads them is computed once, or not part of the loss. Name others "
                "(where), or leave adversarial out."
            )
        clean = [weight.detach().clone() for weight in self._weights]
        try:
            if isinstance(self._attack, PGD):
                yield from self._many(self._attack, clean)
            else:
                for weight in self._weights:
                    _push(weight, self._attack.size)
                yield
        finally:
            for weight, was in zip(self._weights, clean, strict=True):
                weight.data.copy_(was)
            for weight in self._frozen:
                weight.grad = None

    def _many(self, attack: PGD, clean: list[Tensor]) -> Iterator[None]:
        kept = [None if p.grad is None else p.grad.clone() for p in self._learned]
        for turn in range(1, attack.steps + 1):
            for weight, was in zip(self._weights, clean, strict=True):
                _push(weight, attack.step)
                away = weight.data - was
                norm = float(away.norm())
                if norm > attack.size:
                    weight.data.copy_(was + away * (attack.size / norm))
            # only the gradient at the last place is learned from, beside the clean one
            for weight in self._frozen:
                weight.grad = None
            for p, grad in zip(self._learned, kept, strict=True):
                p.grad = grad if turn == attack.steps else None
            yield


def _push(weight: Tensor, size: float) -> None:
    if weight.grad is None:
        return
    norm = float(weight.grad.norm())
    if 0.0 < norm < float("inf"):
        weight.data.add_(weight.grad, alpha=size / norm)


def _embeddings(network: nn.Module, where: str) -> list[Tensor]:
    found: list[nn.Module] = []
    if not where:  # a language model says which of its embeddings reads words
        asked = (getattr(module, "get_input_embeddings", None) for module in network.modules())
        found = [table for ask in asked if ask and isinstance(table := ask(), nn.Embedding)]
    if not found:
        found = [
            module
            for name, module in network.named_modules()
            if isinstance(module, nn.Embedding) and where in name
        ]
    if not found:
        named = f" with {where!r} in its name" if where else ""
        raise UsageError(
            f"adversarial training pushes embeddings, and this network has no nn.Embedding{named}."
        )
    weights: dict[int, Tensor] = {id(table.weight): table.weight for table in found}  # type: ignore[misc]  # of an Embedding
    return list(weights.values())
