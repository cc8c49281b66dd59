"""Logs of a policy that draws lists, and how often the estimate of another one's value holds.

Six items, lists of three drawn one after the other in proportion to weights (Plackett-Luce), so that
there are 120 lists and the truth is a sum over them. People are of four kinds; 500 of them ask 10 times
each and differ in how much they click.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.metrics import Logged, doubly_robust, ips, snips
from penchant.metrics.propensities import Assumption

Floats = NDArray[np.float64]
ITEMS, PLACES, KINDS, USERS, EACH = 6, 3, 4, 500, 10
LISTS = np.array(list(itertools.permutations(range(ITEMS), PLACES)))  # (120, places)
SEEN = np.array([1.0, 0.6, 0.4])  # the chance that a position is looked at


@dataclass(frozen=True)
class Policy:
    """Draws lists of three.

    Attributes:
        weight: of each item for each kind of person, (kinds, items).
    """

    weight: Floats

    def steps(self) -> Floats:
        """The chance of each item of each list given those above it, (kinds, lists, places)."""
        chosen = self.weight[:, LISTS]  # (kinds, lists, places)
        above = np.cumsum(chosen, axis=2) - chosen
        return chosen / (self.weight.sum(axis=1)[:, None, None] - above)

    def chance(self) -> Floats:
        """Of each list, (kinds, lists)."""
        return self.steps().prod(axis=2)

    def marginal(self) -> Floats:
        """The chance of each item at each place, (kinds, places, items)."""
        found = np.zeros((KINDS, PLACES, ITEMS))
        for place in range(PLACES):
            for item in range(ITEMS):
                there = LISTS[:, place] == item
                found[:, place, item] = self.chance()[:, there].sum(axis=1)
        return found


def clicks(world: str, liking: Floats) -> Floats:
    """The chance of a click at each place of each list, (kinds, lists, places).

    Args:
        world: ``"positions"``: it depends on the item and its place; ``"cascade"``: people read on from
            the top and leave with the first click.
        liking: of each item by each kind, (kinds, items).
    """
    own = liking[:, LISTS]
    if world == "positions":
        return own * SEEN
    still = np.cumprod(1 - own, axis=2) / (1 - own)  # nothing above was clicked
    return own * still


def coverage(runs: int) -> Iterator[dict[str, Any]]:
    """How often the interval of each estimate holds the truth."""
    draw = np.random.default_rng(7)
    liking = draw.beta(1.5, 6, (KINDS, ITEMS))
    logging = Policy(1 + 4 * draw.random((KINDS, ITEMS)))
    target = Policy((0.2 + 5 * liking) ** 1.5)
    cases: list[tuple[str, Assumption]] = [
        ("positions", "item-position"),
        ("positions", "cascade"),
        ("cascade", "cascade"),
        ("cascade", "item-position"),
    ]
    for world, assume in cases:
        truth_by_list = clicks(world, liking).sum(axis=2)  # (kinds, lists)
        truth = float((target.chance() * truth_by_list).sum(axis=1).mean())
        model = _model(world, liking, logging, np.random.default_rng(8))
        held = {"ips": 0, "snips": 0, "doubly robust": 0}
        errors: dict[str, list[float]] = {name: [] for name in held}
        widths: dict[str, list[float]] = {name: [] for name in held}
        effective = []
        for run in range(runs):
            log = Log(world, liking, logging, np.random.default_rng([9, run]))
            shown = log.shown(target, assume)
            predicted, expected = log.modelled(model, target, assume)
            found = {
                "ips": ips(shown),
                "snips": snips(shown),
                "doubly robust": doubly_robust(shown, predicted, expected),
            }
            effective.append(found["ips"].effective)
            for name, one in found.items():
                held[name] += one.low <= truth <= one.high
                errors[name].append(one.value - truth)
                widths[name].append(one.high - one.low)
        for name, count in held.items():
            yield {
                "people": world,
                "assumed": assume,
                "estimator": name,
                "runs": runs,
                "lists": USERS * EACH,
                "held the truth": count / runs,
                "truth": truth,
                "mean error": float(np.mean(errors[name])),
                "mean width": float(np.mean(widths[name])),
                "effective sample size": float(np.mean(effective)),
            }


class Log:
    """Lists that were drawn and clicked.

    Args:
        world: as of ``clicks``.
        liking: likewise.
        policy: that drew.
        draw: randomness.
    """

    def __init__(
        self, world: str, liking: Floats, policy: Policy, draw: np.random.Generator
    ) -> None:
        user = np.repeat(np.arange(USERS), EACH)
        self.kind = draw.integers(0, KINDS, USERS)[user]
        eager = draw.beta(4, 4, USERS)[user] * 2  # how much more or less than others; 1 on average
        upto = np.cumsum(policy.chance(), axis=1)[self.kind]  # (rows, lists)
        drawn = draw.random((len(user), 1)) * upto[:, -1:]
        self.which = (upto < drawn).sum(axis=1)
        likely = clicks(world, liking)[self.kind, self.which]  # (rows, places)
        if world == "positions":
            self.reward = (draw.random(likely.shape) < likely * eager[:, None]).astype(float)
        else:  # at most one click a list, so that eagerness must not change who reads on
            left = draw.random(len(user))
            low = np.cumsum(likely, axis=1) - likely
            self.reward = ((left[:, None] >= low) & (left[:, None] < low + likely)).astype(float)
        self.user, self.policy = user, policy

    def shown(self, target: Policy, assume: Assumption) -> Logged:
        """The log as estimators take it."""
        rows, flat = len(self.which), np.repeat(np.arange(len(self.which)), PLACES)
        place = np.tile(np.arange(PLACES), rows)
        if assume == "cascade":
            old, new = (p.steps()[self.kind, self.which].reshape(-1) for p in (self.policy, target))
        else:
            item = LISTS[self.which].reshape(-1)
            kind = self.kind[flat]
            old, new = (p.marginal()[kind, place, item] for p in (self.policy, target))
        return Logged(self.reward.reshape(-1), old, new, flat, place, self.user[flat], assume)

    def modelled(self, model: Floats, target: Policy, assume: Assumption) -> tuple[Floats, Floats]:
        """What a model says of what was shown, and of what the target would show there."""
        items = LISTS[self.which]  # (rows, places)
        predicted = model[self.kind[:, None], np.arange(PLACES), items]
        if assume == "item-position":
            mean = (target.marginal() * model).sum(axis=2)  # (kinds, places)
            return predicted.reshape(-1), mean[self.kind].reshape(-1)
        expected = np.empty(items.shape)
        weight = target.weight[self.kind].copy()  # (rows, items), of what is left
        for place in range(PLACES):
            chance = weight / weight.sum(axis=1, keepdims=True)
            expected[:, place] = (chance * model[self.kind, place]).sum(axis=1)
            weight[np.arange(len(items)), items[:, place]] = 0
        return predicted.reshape(-1), expected.reshape(-1)


def _model(world: str, liking: Floats, policy: Policy, draw: np.random.Generator) -> Floats:
    """Mean reward of each item at each place, from another log, (kinds, places, items)."""
    log = Log(world, liking, policy, draw)
    seen, clicked = np.ones((2, KINDS, PLACES, ITEMS))
    for place in range(PLACES):
        where = (log.kind, place, LISTS[log.which, place])
        np.add.at(seen, where, 1.0)
        np.add.at(clicked, where, log.reward[:, place])
    return (clicked - 0.9) / seen
