"""The held-out part of a split: the questions, and their answers kept apart from any model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .requests import Requests
from .sequences import Rows, Sequences


@dataclass(frozen=True, slots=True)
class Holdout:
    """Questions with the events that answer them.

    A model is given ``requests`` and never ``truth``.

    Attributes:
        requests: one row a question.
        truth: the held-out events that answer each, same rows; items distinct within a row and
            none of them in that row's history. Item codes are those of ``requests.items``.
        request_ids: a name for each question, such as ``"warm-user:u1"``, (rows,).
        slices: ``warm-user``, ``new-user`` or ``cold-item``, (rows,).
        candidates: the only items that may be ranked, (candidates,) int32 ascending; None for all.
        protocol: how the split was cut, such as ``"leave-last-out"``.
        timed: whether the times of ``truth`` are seconds or positions.
    """

    requests: Requests
    truth: Sequences
    request_ids: tuple[str, ...]
    slices: tuple[str, ...]
    candidates: NDArray[np.int32] | None
    protocol: str
    timed: bool

    def __len__(self) -> int:
        return len(self.requests)

    def __getitem__(self, rows: Rows) -> Holdout:
        """Some of the questions."""
        chosen = np.arange(len(self))[rows]
        return Holdout(
            self.requests[chosen],
            self.truth[chosen],
            tuple(self.request_ids[i] for i in chosen),
            tuple(self.slices[i] for i in chosen),
            self.candidates,
            self.protocol,
            self.timed,
        )
