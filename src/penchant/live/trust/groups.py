"""Items that are pushed, and by whom: the evidence of all raters of an item together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .profiles import Profiles

SHARES = np.array([0.1, 0.2, 0.4, 0.6, 0.8, 0.95])
"""Shares of injected raters that an item may have. Fewer than a tenth do not push it."""

ENOUGH = 200
"""Items from which the tail of their evidence says something."""

ROUNDS = 200
"""Items named at most."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """An item that is pushed.

    Attributes:
        item: its code.
        evidence: natural log of the e-value against "nobody here is injected".
        share: the likeliest share of injected raters.
        users: codes of the raters that are probably injected, ascending.
        posterior: their probabilities, same order.
    """

    item: int
    evidence: float
    share: float
    users: NDArray[np.int64]
    posterior: NDArray[np.float64]


def pushed(
    profiles: Profiles,
    log_ratio: NDArray[np.float64],
    alpha: float,
    group: int,
    least: float,
) -> list[Pushed]:
    """Test every item for injected raters; strongest first.

    If a share s of an item's raters is injected, its likelihood against none is the product of
    ``1 - s + s r`` over the raters, r being a user's likelihood ratio. The mean of that over some
    shares is an e-value: where nobody is injected its expectation is at most 1, so it exceeds
    1 / alpha with a chance of at most alpha (Markov's inequality; Vovk & Wang, "E-values",
    Annals of Statistics 2021); Bonferroni for the number of items. Honest raters of an item are of a
    kind, though, so the evidence is also held against that of the other items (``_bar``). Injected profiles give themselves
    away by what they have in common, the target (Zhou et al., RD-TIA, Neurocomputing 2016).

    The raters of the strongest item are taken out before the next is looked for, so that what they
    chose to look lived is not accused for their sake.

    Args:
        profiles: of all users.
        log_ratio: natural log of the likelihood ratio of each user, injected to honest, (users,).
        alpha: chance of naming any item where nobody cheats.
        group: probable injected raters that an item must have.
        least: probability from which a rater counts as injected.
    """
    raters = profiles.counts()
    ratio = np.exp(log_ratio)[profiles.row]  # (entries,)
    terms = np.log1p(SHARES[:, None] * (ratio - 1.0))  # (shares, entries)
    lines: NDArray[np.float64] = np.stack(
        [np.bincount(profiles.item, term, profiles.items).astype(np.float64) for term in terms]
    )
    by_item = np.argsort(profiles.item, kind="stable")
    ends = np.cumsum(raters)
    out = np.zeros(profiles.users, np.bool_)
    closed = np.zeros(profiles.items, np.bool_)
    bar = _bar(_evidence(lines)[raters >= group], int((raters > 0).sum()), alpha)
    found: list[Pushed] = []
    while len(found) < ROUNDS:
        evidence = _evidence(lines)
        evidence[closed] = -np.inf
        item = int(evidence.argmax())
        if not evidence[item] > bar:
            break
        closed[item] = True
        entries = by_item[ends[item] - raters[item] : ends[item]]
        entries = entries[~out[profiles.row[entries]]]
        share = float(SHARES[lines[:, item].argmax()])
        chance = share * ratio[entries] / (1.0 - share + share * ratio[entries])
        guilty = chance >= least
        users = profiles.row[entries[guilty]]
        if len(users) < group:
            continue
        found.append(Pushed(item, float(evidence[item]), share, users, chance[guilty]))
        out[users] = True
        gone = np.isin(profiles.row, users)
        for line, term in zip(lines, terms, strict=True):
            line -= np.bincount(profiles.item[gone], term[gone], profiles.items)
    return found


def _evidence(lines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log of the mean likelihood ratio over the shares, (items,), from its logs (shares, items)."""
    top = lines.max(axis=0)
    return np.asarray(top + np.log(np.exp(lines - top).mean(axis=0)), np.float64)


def _bar(evidence: NDArray[np.float64], items: int, alpha: float) -> float:
    """Evidence from which an item is named.

    Bonferroni, and never below what the tail of the evidence of all items foretells for the
    greatest of honest ones: an exponential tail through the quantiles 0.9 and 0.99 (an empirical
    null, Efron 2004; peaks over a threshold, Pickands 1975). On Amazon Beauty, where nobody was
    injected by us, 4 % of the users are accused even so (bench/shilling).
    """
    strict = float(np.log(max(items, 1) / alpha))
    if len(evidence) < ENOUGH:
        return strict
    low, high = np.quantile(evidence, [0.9, 0.99])
    scale = (high - low) / np.log(10.0)
    return max(strict, float(high + scale * np.log(0.01 * len(evidence) / alpha)))
