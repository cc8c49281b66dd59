"""Injected profiles (shilling): who pushes an item, together and with a life made up for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from penchant.core import Sequences

from .classifier import log_ratio
from .config import TrustConfig
from .features import features
from .groups import Pushed, pushed
from .made_up import FEWEST, made_up
from .profiles import Profiles, Together
from .twins import twins

MADE_UP = 6_000
"""Profiles made up to learn from."""
LIVED = 20_000
"""Users of the data to learn from, evenly spaced."""
PASSES = 4
"""How often the whole is done: injected profiles of a large attack shield each other, so what
was found is taken out and the rest looked at again."""


def injected(events: Sequences, items: int, config: TrustConfig) -> list[Pushed]:
    """Items that are pushed with the users who do it, strongest first.

    Three steps. Each user is compared with profiles that are made up in the manner of the known
    attacks (:mod:`made_up`), by a classifier trained on the data itself; supervised detection with
    injected training profiles is that of Burke et al. (KDD 2006). By choice, copied
    profiles are told by their rarest items (:mod:`twins`). Then every item is tested for a share of such raters
    (:mod:`groups`): a strange profile alone accuses nobody.

    Args:
        events: one row a user.
        items: number of items.
        config: the thresholds.
    """
    left = np.ones(len(events), np.bool_)
    found: list[Pushed] = []
    for _ in range(PASSES):
        profiles = Profiles.of(events.where(left[events.row]), items)
        ratio = suspicion(profiles, config.seed, config.copies)
        if ratio is None:
            break
        fresh = pushed(profiles, ratio, config.alpha, config.group, config.posterior)
        if not fresh:
            break
        found += fresh
        left[np.concatenate([one.users for one in fresh])] = False
    return found


def suspicion(profiles: Profiles, seed: int, copies: bool = False) -> NDArray[np.float64] | None:
    """Natural log of the likelihood ratio of each user, made up to lived, (users,).

    Users with fewer than ``FEWEST`` items have 0: they cannot be told.

    Returns:
        None where there are too few users to learn from.
    """
    some = profiles.thinned()
    lengths = some.lengths
    full = np.flatnonzero(lengths >= FEWEST)
    if len(full) < 50:
        return None
    together = Together(some)
    lived = features(some, some, together, own=True)
    fakes = made_up(some, MADE_UP, seed)
    others = features(fakes, some, together, own=False)[fakes.lengths >= FEWEST]
    learned = full[np.linspace(0, len(full) - 1, min(len(full), LIVED)).astype(np.int64)]
    found = np.zeros(profiles.users)
    found[full] = log_ratio(lived[learned], others, lived[full])
    if not copies:
        return found
    copied = twins(profiles)
    # half of all copied profiles being injected is assumed, however many there are
    rarity = np.log(max(0.5 / max(float(copied[full].mean()), 0.005), 1.0))
    found[copied] = np.maximum(found[copied], 0.0) + rarity
    return found
