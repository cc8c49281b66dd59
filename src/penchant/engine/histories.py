"""What a model is told about the one it ranks for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from penchant.core import Abilities, Interactions, Requests, Sequences


def completed(requests: Requests, interactions: Interactions) -> Requests:
    """Requests with the stored events of known users where those say more.

    A known user asked about without a history gets the stored one. A known user with a history of
    the stored items gets the stored events, with their times and kinds, so that a requests file,
    which holds bare items, gives the lists that the data set itself gives. Bare histories of others
    are dated from the newest training event on, where training had times.

    Args:
        requests: in the codes of ``interactions``.
        interactions: the training events.
    """
    history = _dated(requests.history, interactions)
    known = np.flatnonzero(requests.user >= 0)
    if not len(known):
        return replace(requests, history=history)
    stored = interactions.events[requests.user[known]]
    same = _same_rows(history[known], stored) | (history.lengths[known] == 0)
    source = np.arange(len(requests))
    source[known[same]] = len(requests) + np.flatnonzero(same)
    return replace(requests, history=history.joined(stored)[source])


def answerable(
    requests: Requests, interactions: Interactions, abilities: Abilities
) -> NDArray[np.bool_]:
    """Which requests the abilities of a model allow it to answer, (rows,).

    Args:
        requests: in the codes of ``interactions``.
        interactions: the training events; a user without one is a new user.
        abilities: what the model can do.
    """
    able = np.ones(len(requests), np.bool_)
    if not abilities.new_users:
        met = np.append(interactions.events.lengths > 0, False)  # code -1 looks up the last
        able &= met[requests.user]
    if not abilities.queries and requests.queries is not None:
        able &= np.array([not query for query in requests.queries], np.bool_)
    return able


def _same_rows(one: Sequences, other: Sequences) -> NDArray[np.bool_]:
    same: NDArray[np.bool_] = one.lengths == other.lengths
    rows = np.flatnonzero(same)
    left, right = one[rows], other[rows]
    same[rows[left.row[left.item != right.item]]] = False
    return same


def _dated(history: Sequences, interactions: Interactions) -> Sequences:
    if not interactions.timed or not len(history.item) or not len(interactions):
        return history
    place = np.arange(len(history.item)) - history.indptr[:-1][history.row]
    differs = np.bincount(history.row, weights=history.time != place, minlength=len(history))
    bare = (differs == 0)[history.row]
    newest = float(interactions.events.time.max())
    return replace(history, time=np.where(bare, newest + history.time, history.time))
