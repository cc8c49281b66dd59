"""How far the statistics of experiments can be trusted: all of it simulated, and said so.

python bench/experiments/run.py                 # some minutes; writes bench/experiments/result.json
python bench/experiments/run.py --runs 50       # a quick look; writes nothing

- A/A: both arms are the same, looked at every day for four weeks: how often is a difference found?
- Power: a stated difference, looked at every day: how often is it found, after how many users?
- Off-policy: logs of one policy, estimates of another one: how often does the interval hold the truth?
- Interleaving: the same two rankers by A/B and by team draft: users until the right decision.

People are simulated by the lines below (clicks fall with the position; some people click far more than
others), not observed. Users are split by the hash that the service uses, and judged by its code.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import NormalDist
from typing import Any

import interleaved
import logged
import numpy as np
from numpy.typing import NDArray

from penchant.live.experiments import Arm, Experiment, Judgement, Tally, judge, place_of

HERE = Path(__file__).parent
DAY, DAYS = 86_400.0, 28
OUTCOMES = {
    "10 % of users click": ("users", 0.10),
    "1 % of users buy": ("users", 0.01),
    "0.5 clicks a user, heavy tail": ("events", 0.5),
}


def outcomes(kind: str, mean: NDArray[np.float64], draw: np.random.Generator) -> NDArray[np.int64]:
    """What each user does, (users,).

    Args:
        kind: ``"users"``: 0 or 1; ``"events"``: a count, of people who differ (gamma, shape 0.5).
        mean: of each, (users,).
        draw: randomness.
    """
    if kind == "users":
        return (draw.random(len(mean)) < mean).astype(np.int64)
    return draw.poisson(mean * draw.gamma(0.5, 2.0, len(mean)))


def one(kind: str, base: float, lift: float, users: int, seed: int) -> tuple[Judgement, Tally]:
    """An experiment of four weeks, looked at every day.

    Args:
        kind: as of ``outcomes``.
        base: mean of the control.
        lift: of the other arm, a share of it.
        users: that come, evenly.
        seed: of all that is drawn, and the salt of the split.
    """
    draw = np.random.default_rng([seed, users])
    plan = Experiment(
        f"s{seed}",
        "ab",
        (Arm("old", "1", 0.5), Arm("new", "2", 0.5)),
        measure=kind,  # type: ignore[arg-type]
        salt=str(seed),
    )
    places = np.array([place_of(plan.salt, f"user-{i}") for i in range(users)])
    arm = (places >= 0.5).astype(np.int64)
    mean = base * (1 + lift * arm)
    ends = np.sort(draw.uniform(0, DAYS * DAY, users))
    none = np.zeros((users, 2), np.int64)
    tally = Tally(arm, ends, np.minimum(outcomes(kind, mean, draw), 100), none, (0, 0))
    return judge(plan, tally, DAYS * DAY), tally


def naive(tally: Tally, kind: str) -> bool:
    """Whether an ordinary 95 % interval, looked at every day, ever excludes zero."""
    for day in range(1, DAYS + 1):
        a, b = (tally.values(arm, day * DAY, kind) for arm in (0, 1))
        if min(len(a), len(b)) < 100:
            continue
        error = math.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
        if abs(b.mean() - a.mean()) > 1.959964 * error:
            return True
    return False


def same(runs: int, users: int) -> Iterator[dict[str, Any]]:
    """A/A tests."""
    for name, (kind, base) in OUTCOMES.items():
        alarms = split = ordinary = 0
        for seed in range(runs):
            judged, tally = one(kind, base, 0.0, users, seed)
            alarms += judged.comparisons[0].decided_at is not None
            split += judged.split_p < 0.01
            ordinary += naive(tally, kind)
        yield {
            "outcome": name,
            "runs": runs,
            "users": users,
            "looks": DAYS,
            "false alarms": alarms / runs,
            "ordinary interval, looked at as often": ordinary / runs,
            "split alarms (1 % allowed)": split / runs,
        }


def power(runs: int) -> Iterator[dict[str, Any]]:
    """Stated effects."""
    for name, lift, sizes in (
        ("10 % of users click", 0.10, (20_000, 40_000, 60_000)),
        ("10 % of users click", 0.20, (5_000, 10_000, 20_000)),
        ("0.5 clicks a user, heavy tail", 0.20, (10_000, 20_000, 40_000)),
    ):
        kind, base = OUTCOMES[name]
        for users in sizes:
            found = [one(kind, base, lift, users, 10_000 + seed)[0] for seed in range(runs)]
            right = [j for j in found if j.comparisons[0].conclusion == "better"]
            days = [j.comparisons[0].decided_at or 0.0 for j in right]
            middle = float(np.median(days)) / DAY if days else None
            yield {
                "outcome": name,
                "lift": lift,
                "users": users,
                "runs": runs,
                "found": len(right) / runs,
                "wrong way": sum(j.comparisons[0].conclusion == "worse" for j in found) / runs,
                "median users at the decision": None if middle is None else middle / DAYS * users,
                "one look at the end would find": fixed_power(kind, base, lift, users),
            }


def fixed_power(kind: str, base: float, lift: float, users: int) -> float:
    """Power of one ordinary test at the end, by its formula."""
    means = base, base * (1 + lift)
    # a Poisson whose rate is gamma(0.5, 2) of the mean: variance m + 2 m^2
    variances = [m * (1 - m) if kind == "users" else m + 2 * m * m for m in means]
    error = math.sqrt(sum(variances) / (users / 2))
    return 1 - NormalDist().cdf(1.959964 - (means[1] - means[0]) / error)


def main() -> None:
    """Run all of it, or a part, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000, help="A/A tests; others a share of it")
    parser.add_argument("--part", action="append", help="same, power, off_policy, interleaving")
    told = parser.parse_args()
    runs, file = told.runs, HERE / "result.json"
    parts: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {
        "same": lambda: same(runs, 10_000),
        "power": lambda: power(runs // 10),
        "off_policy": lambda: logged.coverage(runs // 5),
        "interleaving": lambda: interleaved.needed(runs // 25),
    }
    result: dict[str, Any] = {"what": "simulated: bench/experiments/run.py says how"}
    if file.exists():
        result = json.loads(file.read_text("utf-8"))
    for name in told.part or parts:
        began = time.process_time()
        result[name] = shown(name, parts[name]())
        result.setdefault("processor_seconds", {})[name] = round(time.process_time() - began, 1)
        if runs >= 1000:
            text = json.dumps(result, indent=1, ensure_ascii=False)
            file.write_text(text + "\n", "utf-8")


def shown(title: str, rows: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows, printed as they come."""
    print(f"== {title}")
    found = []
    for row in rows:
        found.append(row)
        print("  " + "  ".join(f"{k}: {_short(v)}" for k, v in row.items()), flush=True)
    return found


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
