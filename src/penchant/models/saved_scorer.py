"""A scorer of pairs that was saved: its language model is opened when there is a pair to score."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from penchant.core import ModelNotFound, State

from .two_stage import PairScorer


class SavedScorer:
    """Keeps the state of a scorer, and opens it when it is first asked."""

    def __init__(self, state: State, opening: Callable[[State], PairScorer]) -> None:
        """Args: state: what the scorer's ``state`` gave; opening: makes the scorer again of it."""
        self._state = state
        self._opening = opening
        self._opened: PairScorer | None = None

    def score_pairs(
        self, histories: Sequence[Sequence[str]], candidates: Sequence[str]
    ) -> NDArray[np.float32]:
        """Scores (rows,); see ``PairScorer``.

        Raises:
            ModelNotFound: the language model is missing, or another one than in training.
        """
        if not len(candidates):
            return np.zeros(0, np.float32)
        if self._opened is None:
            self._opened = self._opening(self._state)
        return self._opened.score_pairs(histories, candidates)

    def state(self) -> State:
        """What it was made from."""
        return self._state


def check_same(language: str, digest: str, kept: NDArray[np.uint8], so: str) -> None:
    """Refuse a language model whose files are not those of training.

    Args:
        language: its name.
        digest: of the one found.
        kept: the digest in training, ASCII codes.
        so: what follows for the user, such as ``"it cannot be asked"``.

    Raises:
        ModelNotFound: it is another one.
    """
    if digest.encode() != kept.tobytes():
        raise ModelNotFound(
            f"the language model {language!r} found here is not the one this model was trained with "
            f"(its files differ), so {so}. Bring the old files back, or fit again."
        )
