"""What a comparison found: several models on the same requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from penchant.metrics import Paired, holm, paired
from penchant.store import atomic_write

from .evaluation import Evaluation
from .study import Trial
from .tables import Facts, aligned, chance, second_metric, seconds

MIB = 1 << 20


@dataclass(frozen=True)
class Entry:
    """One model of a comparison.

    Attributes:
        name: unique in the comparison.
        model: the model's name, such as ``"ease"``.
        settings: what it was fitted with.
        evaluation: on the test requests; each request's values are means over the seeds.
        by_seed: mean of the metric for each seed.
        trials: the settings tried before, none where the search was off.
        tune_seconds: for the search.
        fit_seconds: mean over the seeds.
        memory: peak of the whole process meanwhile, bytes.
        curve: the validation figures that training reported for the first seed, one an epoch;
            empty for a model without epochs.
    """

    name: str
    model: str
    settings: Mapping[str, Any]
    evaluation: Evaluation
    by_seed: Mapping[int, float]
    trials: tuple[Trial, ...]
    tune_seconds: float
    fit_seconds: float
    memory: int
    curve: tuple[float, ...] = ()

    @property
    def speed(self) -> float:
        """Requests ranked a second."""
        return self.evaluation.requests / max(self.evaluation.seconds, 1e-9)

    def to_json(self) -> dict[str, Any]:
        """One plain document."""
        return self.evaluation.to_json() | {
            "model": self.model,
            "settings": dict(self.settings),
            "by_seed": {str(seed): score for seed, score in self.by_seed.items()},
            "trials": [
                {"settings": dict(t.settings), "score": t.score, "seconds": t.seconds}
                for t in self.trials
            ],
            "tune_seconds": self.tune_seconds,
            "fit_seconds": self.fit_seconds,
            "predict_seconds": self.evaluation.seconds,
            "requests_per_second": self.speed,
            "peak_memory_bytes": self.memory,
            "validation_curve": list(self.curve),
        }


@dataclass(frozen=True, slots=True)
class Pair:
    """The difference of two models on the same requests.

    Attributes:
        first: the model with the higher mean.
        second: the other.
        difference: gap, its interval, and the p-value of this pair alone.
        p_holm: the p-value corrected for the number of pairs (Holm, 1979).
    """

    first: str
    second: str
    difference: Paired
    p_holm: float

    def to_json(self) -> dict[str, Any]:
        """One plain document."""
        d = self.difference
        pair = {"first": self.first, "second": self.second, "gap": d.gap, "ci95": [d.low, d.high]}
        return pair | {"p": d.p, "p_holm": self.p_holm}


@dataclass(frozen=True)
class Comparison:
    """Several models, tuned, fitted and judged alike.

    Attributes:
        metric: by which models are ordered and tested.
        entries: the models, best first.
        pairs: every pair of models.
        facts: the data, the versions, the command: what the report says besides.
    """

    metric: str
    entries: tuple[Entry, ...]
    pairs: tuple[Pair, ...]
    facts: Facts

    @property
    def best(self) -> Entry:
        """The model with the highest mean."""
        return self.entries[0]

    def against_best(self, name: str) -> Pair | None:
        """How far a model is behind the best; None for the best itself."""
        pairs = (p for p in self.pairs if p.first == self.best.name and p.second == name)
        return next(pairs, None)

    def table(self) -> str:
        """Two plain tables of 80 columns: how good the models are, and what they cost.

        The interval of a gap is shown by half its width; ``pairs`` holds its two ends.
        """
        other = second_metric(self.metric)
        quality = [["model", self.metric, other, "behind the best", "p (Holm)"]]
        cost = [["model", "trials", "tune s", "fit s", "requests/s", "peak memory MiB"]]
        for entry in self.entries:
            figures = entry.evaluation.metrics
            pair = self.against_best(entry.name)
            behind = ["", ""]
            if pair:
                d = pair.difference
                behind = [f"{d.gap:.4f} ± {(d.high - d.low) / 2:.4f}", chance(pair.p_holm)]
            first, second = str(figures[self.metric]), f"{figures[other].mean:.4f}"
            quality.append([entry.name, first, second, *behind])
            cost.append(
                [
                    entry.name,
                    f"{len(entry.trials)}",
                    seconds(entry.tune_seconds),
                    seconds(entry.fit_seconds),
                    f"{entry.speed:,.0f}",
                    f"{entry.memory / MIB:,.0f}",
                ]
            )
        return f"{aligned(quality)}\n\n{aligned(cost)}"

    def __str__(self) -> str:
        one = self.best.evaluation
        head = (
            f"{one.requests:,} requests of {one.protocol}, {one.candidates:,} items ranked for "
            "each\nmeans with 95 % intervals"
        )
        return f"{head}\n\n{self.table()}"

    def to_json(self) -> dict[str, Any]:
        """One plain document, as ``penchant compare --json`` prints it."""
        one = self.best.evaluation
        return {
            "protocol": one.protocol,
            "requests": one.requests,
            "metric": self.metric,
            "best": self.best.name,
            "models": {entry.name: entry.to_json() for entry in self.entries},
            "pairs": [pair.to_json() for pair in self.pairs],
            **self.facts.to_json(),
        }

    def report(self, path: str | Path) -> Path:
        """Write a self-contained HTML page with pictures, whole or not at all.

        Args:
            path: the file; its folder must exist.
        """
        from .report import page  # jinja2 only where a report is written

        atomic_write(path, page(self).encode())
        return Path(path)


def all_pairs(entries: tuple[Entry, ...], metric: str, seed: int) -> tuple[Pair, ...]:
    """Test every pair of models, best first, with one correction over all of them."""
    couples = list(combinations(entries, 2))
    found = []
    for first, second in couples:
        a, b = (one.evaluation.values[metric] for one in (first, second))
        found.append(paired(a, b, seed, users=first.evaluation.users))
    corrected = holm(np.array([difference.p for difference in found]))
    return tuple(
        Pair(first.name, second.name, difference, float(p))
        for (first, second), difference, p in zip(couples, found, corrected, strict=True)
    )
