"""How many held-out events a model was trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penchant.core import UNKNOWN, Holdout, IdMap, Interactions


def seen(interactions: Interactions, holdout: Holdout) -> int:
    """The number of truth events of a holdout that stand among the training events.

    An event is the same where user, item and time are; where only one of the two knows times, user
    and item decide.
    """
    asked = holdout.requests
    user = _users(holdout, interactions.users)[holdout.truth.row]
    item = asked.items.onto(interactions.items)[holdout.truth.item]
    known = (user >= 0) & (item >= 0)
    truth = _keys(user[known], item[known], len(interactions.items))
    events = interactions.events
    trained = _keys(events.row, events.item, len(interactions.items))
    both = np.isin(trained, truth)
    if interactions.timed != holdout.timed:
        return int(np.isin(truth, trained[both]).sum())
    # few pairs are left by now: compare the times of those
    pairs = set(zip(trained[both].tolist(), events.time[both].tolist(), strict=True))
    times = holdout.truth.time[known]
    return sum(pair in pairs for pair in zip(truth.tolist(), times.tolist(), strict=True))


def _users(holdout: Holdout, known: IdMap) -> NDArray[np.int32]:
    """Our code of each request's user, (rows,)."""
    asked = holdout.requests
    user = np.append(asked.users.onto(known), UNKNOWN)[asked.user].astype(np.int32)
    # a split hides who a new user is from the model; the request's name, "new-user:u7", tells us
    hidden = np.flatnonzero(asked.user < 0)
    user[hidden] = known.codes([holdout.request_ids[row].partition(":")[2] for row in hidden])
    return user


def _keys(user: NDArray[np.integer], item: NDArray[np.integer], items: int) -> NDArray[np.int64]:
    return user.astype(np.int64) * items + item
