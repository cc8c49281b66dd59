"""The lower layers of many texts, computed once: tuning then costs the upper layers only.

Where the blocks of a transformer below some block stay as they are, the states of a text that
enter that block never change. They are computed once for all texts and kept, in memory or, above
a limit, in a file that the system removes with the process. A step of tuning then runs only the
blocks above. The numbers are the same with and without the cache: the model's own forward pass
runs either way, with its lower blocks standing aside.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from penchant.core import bar

from .backbone import Backbone
from .batches import batches_by_length
from .cache import cache_folder

log = logging.getLogger(__name__)

IN_MEMORY = 1 << 30
"""Bytes of states kept in memory; more than this go to a file."""

TOKENS_A_BATCH = 2048
"""Tokens of one forward pass with gradients: their activations stay in the processor's cache."""

SAME = 1e-4
"""Largest difference between a vector by way of the cache and without it: rounding is 1e-6."""


class LayerCache:
    """Texts ready to pass through the upper blocks of a language model.

    Attributes:
        tokens: the token ids of each text.
        below: blocks that never run again; 0 where nothing is cached.
    """

    def __init__(
        self, backbone: Backbone, texts: Sequence[str], below: int, in_memory: int = IN_MEMORY
    ) -> None:
        """Compute the states once.

        Args:
            backbone: the model; its blocks below ``below`` must stay as they are from now on.
            texts: what will be read.
            below: how many of its lower blocks never change.
            in_memory: bytes of states above which they are kept in a file.
        """
        self.tokens = backbone.tokens(texts) if texts else []
        self.lengths = np.array([len(row) for row in self.tokens], np.int64)
        self.below = below if texts else 0
        self._starts = np.concatenate([[0], np.cumsum(self.lengths)])
        self._states: NDArray[np.float32] | None = None
        self._returned = 0  # length of the tuple that a block returns; 0 where it returns states
        if self.below:
            training = backbone.model.training
            if training:  # what is computed once has no dropout
                backbone.model.eval()
            try:
                self._fill(backbone, in_memory)
            finally:
                if training:
                    backbone.model.train()

    def __len__(self) -> int:
        return len(self.tokens)

    def batches(
        self, rows: NDArray[np.int64], tokens: int = TOKENS_A_BATCH
    ) -> Iterator[NDArray[np.int64]]:
        """Some texts in batches of nearly equal length, (batch,) numbers of texts each."""
        for batch in batches_by_length(self.lengths[rows], tokens):
            yield rows[batch]

    def vectors(self, backbone: Backbone, rows: NDArray[np.int64]) -> Tensor:
        """Vectors (batch, dim) of some texts in one pass, with gradients where they are enabled.

        Args:
            backbone: the model that filled the cache, or another one with the same lower blocks.
            rows: numbers of texts of like length, (batch,).
        """
        tokens = [self.tokens[row] for row in rows.tolist()]
        if self._states is None:
            return backbone.vectors(tokens)
        ids, mask = backbone.padded(tokens)
        states = torch.zeros(*ids.shape, self._states.shape[1])  # (batch, longest, hidden)
        for place, row in enumerate(rows.tolist()):
            kept = self._states[self._starts[row] : self._starts[row + 1]]
            states[place, : len(kept)] = torch.from_numpy(np.array(kept))
        with _standing_aside(backbone.blocks[: self.below], states.to(ids.device), self._returned):
            return backbone.pool(backbone(ids, mask), mask)

    def _fill(self, backbone: Backbone, in_memory: int) -> None:
        shape = (int(self._starts[-1]), int(backbone.model.config.get_text_config().hidden_size))
        self._states = _room(shape, in_memory)
        with torch.no_grad(), bar(len(self), "encoding the lower layers", "text") as shown:
            for rows in self.batches(np.arange(len(self)), 4 * TOKENS_A_BATCH):
                ids, mask = backbone.padded([self.tokens[row] for row in rows.tolist()])
                states, self._returned = _entering(backbone, self.below, ids, mask)
                for place, row in enumerate(rows.tolist()):
                    start, stop = self._starts[row : row + 2]
                    self._states[start:stop] = states[place, : stop - start].cpu().numpy()
                shown.update(len(rows))
            if not self._sound(backbone):
                log.info("the lower layers of this architecture cannot be cached; all of it runs")
                self._states, self.below = None, 0

    def _sound(self, backbone: Backbone) -> bool:
        """Whether a text has the same vector with its lower blocks standing aside.

        Some architectures hand more than states from block to block: T5 its position bias.
        """
        rows = np.array([int(self.lengths.argmax())])
        plain = backbone.vectors([self.tokens[row] for row in rows.tolist()])
        try:
            cached = self.vectors(backbone, rows)
        except (RuntimeError, TypeError, ValueError, AttributeError):
            return False
        return bool((cached - plain).abs().max() <= SAME)


def _room(shape: tuple[int, int], in_memory: int) -> NDArray[np.float32]:
    if 4 * shape[0] * shape[1] <= in_memory:
        return np.empty(shape, np.float32)
    folder = cache_folder() / "layers"
    folder.mkdir(parents=True, exist_ok=True)
    # without a name where the system allows it: nothing is left behind, even by a killed process
    with tempfile.TemporaryFile(dir=folder) as file:
        return np.memmap(file, np.float32, "w+", shape=shape)


class _Reached(Exception):
    """The block was reached; its input is known, and the rest need not run."""

    def __init__(self, states: Tensor) -> None:
        self.states = states


def _entering(backbone: Backbone, block: int, ids: Tensor, mask: Tensor) -> tuple[Tensor, int]:
    """The states that enter a block, and the length of the tuple that a block returns, or 0."""
    size: list[int] = []

    def reached(_: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        raise _Reached(given[0] if given else named["hidden_states"])

    def left(_: nn.Module, given: tuple[Any, ...], returned: Any) -> None:
        size.append(len(returned) if isinstance(returned, tuple) else 0)

    blocks = backbone.blocks
    hooks = [
        blocks[block].register_forward_pre_hook(reached, with_kwargs=True),
        blocks[0].register_forward_hook(left),
    ]
    try:
        backbone(ids, mask)
    except _Reached as found:
        return found.states, size[0]
    finally:
        for hook in hooks:
            hook.remove()
    raise RuntimeError("the forward pass never reached the block")  # no architecture does this


@contextmanager
def _standing_aside(blocks: Sequence[nn.Module], states: Tensor, size: int) -> Iterator[None]:
    """Let blocks return these states, in a tuple of this size or bare, and compute nothing."""

    def instead(*_: Any, **__: Any) -> Any:
        return (states, *[None] * (size - 1)) if size else states

    stand_in: Callable[..., Any] = instead
    for block in blocks:
        block.forward = stand_in  # hides the method of its class, for this object alone
    try:
        yield
    finally:
        for block in blocks:
            del block.forward
