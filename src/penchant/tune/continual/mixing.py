"""Batches of new histories and replayed old ones, at a stated share."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from penchant.core import Sequences
from penchant.language import batches_by_length
from penchant.tune.history import Lessons

from .replay import Replay


def targets(rows: Sequences) -> NDArray[np.int64]:
    """Events of each row that are predicted, (rows,): all but the first, and those of weight 0."""
    asked = rows.weight > 0
    asked[rows.indptr[:-1][rows.lengths > 0]] = False
    return np.diff(np.concatenate([[0], np.cumsum(asked)])[rows.indptr])


def mixed_lessons(
    new: Sequences, replay: Replay, share: float, tokens: int, rng: np.random.Generator
) -> Lessons[Sequences]:
    """Each epoch all new histories once, and beside them as many old ones as the share asks for.

    In every batch about ``share`` of the events to predict are old, to a history. Both parts of a
    batch are of like length; the old ones are drawn anew each epoch.

    Args:
        new: histories with new events; what is only read of them has weight 0.
        replay: old histories.
        share: of the old among the events to predict, 0 to 1; with 1 an epoch is all of ``replay``.
        tokens: most events in a batch, padding counted.
        rng: order and draws.
    """
    fresh = int(targets(new).sum()) if share < 1 else 0
    old = round(fresh * share / (1 - share)) if share < 1 else int(targets(replay.rows).sum())
    old *= bool(len(replay.rows))

    def batches() -> Iterator[Sequences]:
        if not old or not fresh:
            rows = replay.rows if share == 1 else new
            for chosen in batches_by_length(rows.lengths, tokens, 1, rng):
                yield rows[chosen]
            return
        budget = max(1, round(tokens * (1 - share)))
        parts = _longest_first(new, batches_by_length(new.lengths, budget, 1, rng))
        again = replay.draw(old, rng)
        again = again[np.lexsort((rng.random(len(again)), -again.lengths))]
        ends = _ends(parts, again)
        for place in rng.permutation(len(parts)):
            beside = again[slice(ends[place], ends[place + 1])]
            yield parts[place].joined(beside) if len(beside) else parts[place]

    return Lessons(batches, examples=fresh + old, rngs=(rng,))


def _longest_first(rows: Sequences, chosen: Iterator[NDArray[np.int64]]) -> list[Sequences]:
    parts = [rows[part] for part in chosen]
    return sorted(parts, key=lambda part: -int(part.lengths.max()))


def _ends(parts: list[Sequences], again: Sequences) -> NDArray[np.int64]:
    """Where the replayed rows are cut, (parts + 1,), so that each part has its due."""
    due = np.cumsum([targets(part).sum() for part in parts])
    there = np.cumsum(targets(again))
    ends = np.searchsorted(there, due * (there[-1] / due[-1]), side="left") + 1
    ends[-1] = len(again)
    return np.concatenate([[0], np.minimum(ends, len(again))])
