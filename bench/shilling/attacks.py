"""Fake profiles that push one item, as the literature builds them, added to a data set.

A profile is the target at the highest rating plus fillers, as many as an honest user has events
(drawn from the honest lengths, 10 at least). What the fillers are names the attack:

- random: drawn uniformly; rated as the average rating of the data (Lam & Riedl, WWW 2004);
- average: rated as each item's own mean (ibid.). Where nobody rates, what the average user does is
  drawn instead: fillers in proportion to their events;
- bandwagon: a tenth of the fillers are among the best-known items, at the highest rating, the rest
  as in random (Mobasher et al., ACM TOIT 2007);
- segment: the fillers are the items most often chosen together with a popular item (ibid.);
- copy: the fillers are the profile of an honest user: no model of the literature, an adversary who
  knows the data.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from penchant import Dataset
from penchant.core import IdMap, Interactions, Sequences

ATTACKS = ("random", "average", "bandwagon")
BEYOND = ("segment", "copy")
"""Attacks of an adversary who knows the data; reported beside, never used to choose a threshold."""
LEAST = 10


def attacked(data: Dataset, target: int, attack: str, share: float, seed: int) -> Dataset:
    """The data set with fake users after the honest ones.

    Args:
        data: honest events.
        target: code of the item to push.
        attack: its name.
        share: fake users as a share of the honest users with events.
        seed: of the profiles.
    """
    made, rng = data.interactions, np.random.default_rng([seed, target])
    honest = np.flatnonzero(made.events.lengths > 0)
    count = max(1, round(share * len(honest)))
    profiles = [_profile(made, target, attack, rng, honest) for _ in range(count)]
    lengths = np.array([len(items) for items, _ in profiles])
    item = np.concatenate([items for items, _ in profiles])
    fake = Sequences.of_items(lengths, item, _times(made, lengths, rng))
    fake = replace(fake, value=np.concatenate([value for _, value in profiles]).astype(np.float32))
    users = IdMap([*made.users.ids, *(f"fake-{n}" for n in range(count))])
    events = _joined(made.events, fake)
    return replace(data, interactions=replace(made, users=users, events=events))


def _profile(
    made: Interactions, target: int, attack: str, rng: np.random.Generator, honest: NDArray
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Items in random order with the target among them, and their ratings (NaN where none are)."""
    counts, mean, spread = _statistics(made)
    wanted = max(LEAST, int(made.events.lengths[rng.choice(honest)])) - 1
    warm = np.flatnonzero(counts)
    warm = warm[warm != target]
    wanted = min(wanted, len(warm) // 2)
    rated = not np.isnan(made.events.value).all()
    top = np.zeros(0, np.int64)
    if attack == "copy":
        fillers = np.unique(made.events.items_of(int(rng.choice(honest)))).astype(np.int64)
        fillers = fillers[fillers != target]
    elif attack == "segment":
        fillers = _segment(made, target, wanted, counts)
    elif attack == "average" and not rated:
        fillers = rng.choice(warm, wanted, replace=False, p=counts[warm] / counts[warm].sum())
    else:
        if attack == "bandwagon":
            known = warm[np.argsort(-counts[warm], kind="stable")[: max(10, len(warm) // 100)]]
            top = rng.choice(known, min(max(1, wanted // 10), len(known)), replace=False)
        rest = np.setdiff1d(warm, top)
        fillers = np.concatenate([top, rng.choice(rest, wanted - len(top), replace=False)])
    centre = mean[fillers] if attack == "average" else np.nanmean(made.events.value) if rated else 0
    width = spread[fillers] if attack == "average" else np.nanstd(made.events.value) if rated else 0
    rating = np.clip(np.rint(rng.normal(centre, width, len(fillers))), 1, 5)
    if attack in ("segment", "copy"):
        rating = np.full(len(fillers), 5.0)
    rating[: len(top)] = 5
    items, value = np.append(fillers, target), np.append(rating, 5.0)
    order = rng.permutation(len(items))
    return items[order], value[order] if rated else np.full(len(items), np.nan)


def _statistics(made: Interactions) -> tuple[NDArray, NDArray, NDArray]:
    """Events of each item, the mean and the standard deviation of its ratings, (items,) each."""
    item, value, n = made.events.item, made.events.value.astype(np.float64), len(made.items)
    counts = np.bincount(item, minlength=n)
    mean = np.bincount(item, value, n) / np.maximum(counts, 1)
    square = np.bincount(item, value**2, n) / np.maximum(counts, 1)
    return counts, mean, np.sqrt(np.maximum(square - mean**2, 0.0))


def _segment(made: Interactions, target: int, wanted: int, counts: NDArray) -> NDArray[np.int64]:
    """The items chosen most often by the users of a popular item, that item included."""
    code = np.argsort(-counts, kind="stable")[target % 20]
    events = made.events
    with_it = np.unique(events.row[events.item == code])
    together = np.bincount(events.item[np.isin(events.row, with_it)], minlength=len(counts))
    together[target] = 0
    return np.argsort(-together, kind="stable")[:wanted].astype(np.int64)


def _times(made: Interactions, lengths: NDArray, rng: np.random.Generator) -> NDArray | None:
    """Where events have times: sittings of some minutes, spread over the last 30 days."""
    if not made.timed:
        return None
    starts = made.events.time.max() - rng.uniform(0, 30 * 86_400, len(lengths))
    place = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.repeat(starts, lengths) + 20.0 * place


def _joined(first: Sequences, second: Sequences) -> Sequences:
    return Sequences(
        np.concatenate([first.indptr, first.indptr[-1] + second.indptr[1:]]),
        np.concatenate([first.item, second.item]),
        np.concatenate([first.time, second.time]),
        np.concatenate([first.weight, second.weight]),
        np.concatenate([first.kind, second.kind]),
        np.concatenate([first.value, second.value]),
    )
