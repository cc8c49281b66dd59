"""Two rankers compared by A/B and by team draft: users until the right decision.

A request has 40 candidates, each liked by so much; a ranker sees that through noise, the better one
through less. Ten are shown, of which lower places are looked at less. Some people click far more than
others (lognormal, sigma 1), whatever they are shown: in an A/B test that is noise, while with merged
lists everybody is compared with themselves. So it matters how often people ask within the window. Both
tests are planned as by default: an A/B test for 10,000 users, an interleaving for 1,000.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.metrics import Sample, difference, mixing, preference
from penchant.rank import draft_teams, team_draft

Floats = NDArray[np.float64]
CANDIDATES, SHOWN, POOL = 40, 10, 20_000
SEEN = 1 / np.arange(1, SHOWN + 1) ** 0.7
MOST_AB, MOST_MERGED = 400_000, 40_000
LOOK_AB, LOOK_MERGED = 1_000, 50


class World:
    """Requests drawn beforehand, as two rankers answer them.

    Args:
        worse: noise of the control.
        better: noise of the other.
    """

    def __init__(self, worse: float, better: float) -> None:
        draw = np.random.default_rng(5)
        self.likes = draw.normal(0, 1, (POOL, CANDIDATES))
        noises = ((worse, draw), (better, draw))
        self.lists = [np.argsort(-(self.likes + n * d.normal(0, 1, self.likes.shape)), axis=1)[:, :SHOWN]
                      for n, d in noises]  # fmt: skip
        own = 0.12 / (1 + np.exp(1.5 - 1.2 * self.likes))
        self.liked = own  # chance of a click on what is looked at, by somebody of eagerness 1
        self.shown = [np.take_along_axis(own, lists, axis=1) * SEEN for lists in self.lists]

    def gain(self) -> float:
        """By how much more is clicked with the better ranker."""
        return float(self.shown[1].sum() / self.shown[0].sum() - 1)

    def clicks(self) -> float:
        """Clicks a request of somebody of eagerness 1 on the control's lists."""
        return float(self.shown[0].sum(axis=1).mean())


def people(users: int, asks: float, draw: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
    """Eagerness of each user, (users,), and whose each request is, (requests,)."""
    often = draw.geometric(1 / asks, users)
    return np.exp(draw.normal(-0.5, 1, users)), np.repeat(np.arange(users), often)


def hits(chance: Floats, eager: Floats, draw: np.random.Generator) -> NDArray[np.bool_]:
    """Which places are clicked, (requests, ten)."""
    return draw.random(chance.shape) < np.minimum(chance * eager[:, None], 0.95)


def needed(runs: int) -> Iterator[dict[str, Any]]:
    """Users until 80 % of the runs have decided for the better ranker."""
    for better in (0.6, 0.8):
        world = World(1.0, better)
        for asks in (1, 5, 20):
            split = [by_split(world, asks, run) for run in range(runs)]
            merged = [by_merging(world, asks, run) for run in range(runs)]
            by = {"users who click": 0, "clicks a user": 1}
            best = min(by, key=lambda name: np.quantile([one[by[name]] for one in split], 0.8))
            row = {
                "more clicks": world.gain(),
                "requests a user": asks,
                "clicks a user": asks * world.clicks(),
                "runs": runs,
                "A/B by": best,
                "A/B, users for 80 %": _by([one[by[best]] for one in split], 0.8),
                "interleaving, users for 80 %": _by([one[1] for one in merged], 0.8),
                "A/B, median": _by([one[by[best]] for one in split], 0.5),
                "interleaving, median": _by([one[1] for one in merged], 0.5),
                "interleaving, wrong way": sum(not one[0] for one in merged) / runs,
            }
            a, b = row["A/B, users for 80 %"], row["interleaving, users for 80 %"]
            yield row | {"times fewer": a / b if a and b else None}  # type: ignore[operator]


def by_split(world: World, asks: float, seed: int) -> tuple[float, float]:
    """Users until an A/B test decides for the better one: by users who click, and by clicks a user."""
    draw = np.random.default_rng([1, seed])
    rho = mixing(10_000)
    sums = np.zeros((2, 2, 2))  # measure, arm, (sum, sum of squares)
    counts = np.zeros(2, np.int64)
    decided = [np.inf, np.inf]
    look = LOOK_AB
    for users in range(look, MOST_AB + 1, look):
        eager, whose = people(look, asks, draw)
        arm = draw.integers(0, 2, look)
        which = draw.integers(0, POOL, len(whose))
        chance = np.where(arm[whose, None] == 1, world.shown[1][which], world.shown[0][which])
        count = np.bincount(whose, hits(chance, eager[whose], draw).sum(axis=1), look)
        for code in (0, 1):
            own = count[arm == code]
            counts[code] += len(own)
            for measure, value in enumerate((np.minimum(own, 1), np.minimum(own, 100))):
                sums[measure, code] += value.sum(), (value**2).sum()
        for measure in (0, 1):
            if decided[measure] == np.inf:
                samples = [_sample(int(n), *s) for n, s in zip(counts, sums[measure], strict=True)]
                if difference(*samples, rho).low > 0:
                    decided[measure] = users
        if (min(decided) < np.inf and users > 20 * min(decided)) or max(decided) < np.inf:
            break
    return decided[0], decided[1]


def by_merging(world: World, asks: float, seed: int) -> tuple[bool, float]:
    """Whether interleaving decides for the better one, and after how many users."""
    draw = np.random.default_rng([2, seed])
    first, second = np.zeros((2, 0), np.int64)
    for users in range(LOOK_MERGED, MOST_MERGED + 1, LOOK_MERGED):
        eager, whose = people(LOOK_MERGED, asks, draw)
        which = draw.integers(0, POOL, len(whose))
        teams = np.array([draft_teams(f"{seed}-{users}-{row}", SHOWN) for row in range(len(whose))])
        merged = np.array(
            [
                team_draft(world.lists[0][w].tolist(), world.lists[1][w].tolist(), t.tolist())
                for w, t in zip(which, teams, strict=True)
            ]
        )
        hit = hits(world.liked[which[:, None], merged] * SEEN, eager[whose], draw)
        for team in (0, 1):
            count = np.bincount(whose, (hit & (teams == team)).sum(axis=1), LOOK_MERGED)
            if team:
                second = np.append(second, count.astype(np.int64))
            else:
                first = np.append(first, count.astype(np.int64))
        found = preference(first, second, 1_000)
        if found.low > 0.5 or found.high < 0.5:
            return found.low > 0.5, users
    return True, np.inf


def _sample(n: int, total: float, squares: float) -> Sample:
    mean = total / n
    return Sample(n, mean, (squares - n * mean**2) / (n - 1))


def _by(users: list[float], share: float) -> float | None:
    """By when so many have decided; None where fewer did."""
    found = float(np.quantile(users, share, method="inverted_cdf"))
    return found if np.isfinite(found) else None
