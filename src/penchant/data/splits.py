"""Cut a data set into what a model may learn from and the questions it must answer."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from penchant.core import UNKNOWN, Holdout, Interactions, Requests, UsageError, checked_seed

from .columns import near
from .protocols import PROTOCOLS, USAGE, Cut


def split(events: Interactions, protocol: str, seed: int) -> tuple[Interactions, Holdout]:
    """The training part, with all users and items kept in their codes, and the questions.

    Raises:
        UsageError: no such protocol, its number is out of range, or it needs times that are not there.
    """
    name, _, argument = str(protocol).partition(":")
    if name not in PROTOCOLS:
        guess = near(name, PROTOCOLS)
        hint = (
            f"Did you mean {USAGE[guess]}?" if guess else f"Protocols: {', '.join(USAGE.values())}."
        )
        raise UsageError(f"split {protocol!r}: no such protocol. {hint}")
    cut = PROTOCOLS[name](events, _number(protocol, name, argument), checked_seed(seed))
    return events.with_events(events.events.where(cut.train)), questions(events, cut, protocol)


def questions(events: Interactions, cut: Cut, protocol: str) -> Holdout:
    """The question of every user who has both a history and something left to find.

    An answer counts once, and not where its item stands in the history.
    """
    all_events = events.events
    history = all_events.where(cut.history)
    pair = all_events.row.astype(np.int64) * max(len(events.items), 1) + all_events.item
    asked = np.flatnonzero(cut.answer)
    # hashing in Polars: 20 times as fast as np.isin, which sorts, on two million events
    wanted = pl.Series(pair[asked])
    new = wanted.is_first_distinct() & ~wanted.is_in(pl.Series(pair[cut.history]).implode())
    answer = np.zeros(len(pair), np.bool_)
    answer[asked[new.to_numpy()]] = True
    truth = all_events.where(answer)
    rows = np.flatnonzero((history.lengths > 0) & (truth.lengths > 0))
    met = all_events.where(cut.train).lengths[rows] > 0
    slices = tuple(cut.slices[rows].tolist())
    return Holdout(
        requests=Requests(
            events.users,
            events.items,
            np.where(met, rows, UNKNOWN).astype(np.int32),
            history[rows],
        ),
        truth=truth[rows],
        request_ids=tuple(
            f"{where}:{user}" for where, user in zip(slices, events.users.names(rows), strict=True)
        ),
        slices=slices,
        candidates=cut.candidates,
        protocol=protocol,
        timed=events.timed,
    )


def _number(protocol: str, name: str, argument: str) -> float:
    """The number after the colon, checked."""
    if name == "leave-last-out":
        if argument:
            raise UsageError(f"split {protocol!r}: leave-last-out takes no number.")
        return math.nan
    try:
        number = float(argument)
    except ValueError:
        raise UsageError(f"split {protocol!r}: needs a number, such as {USAGE[name]}.") from None
    if name == "few-shot":
        if not (number >= 1 and number.is_integer()):
            raise UsageError(
                f"split {protocol!r}: needs a whole number from 1, such as few-shot:5."
            )
    elif not 0 < number < 1:
        raise UsageError(f"split {protocol!r}: the share must lie between 0 and 1.")
    return number
