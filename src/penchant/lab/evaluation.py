"""What an evaluation found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.metrics import interval

from .slices import Masks

Values = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.4f}  [{self.low:.4f}, {self.high:.4f}]"

    def to_json(self) -> dict[str, Any]:
        """``{"mean": ..., "ci95": [low, high]}``."""
        return {"mean": self.mean, "ci95": [self.low, self.high]}


@dataclass(frozen=True, slots=True)
class Slice:
    """The figures of some of the requests.

    Attributes:
        requests: how many.
        metrics: figure by metric, such as ``"NDCG@10"``.
    """

    requests: int
    metrics: Mapping[str, Figure]

    def to_json(self) -> dict[str, Any]:
        """The count and, beside it, each metric."""
        return {"requests": self.requests} | {n: f.to_json() for n, f in self.metrics.items()}


@dataclass(frozen=True)
class Evaluation:
    """How well a recommender answers held-out requests.

    Attributes:
        model: the recommender's name.
        protocol: how the split was cut.
        ks: lengths of the lists.
        values: each request's value by metric, (rows,).
        users: who each request is about, (rows,); None where nobody asks twice.
        metrics: mean and interval by metric.
        slices: the same for parts of the requests, by name of the part.
        exposure: figures of all lists together: the share of items listed at all, and the Gini
            coefficient of how often.
        shown: how often each item is in a list of the greatest length, (items,).
        masks: which requests are in each slice, (rows,).
        candidates: how many items were ranked for each request.
        unanswered: requests with an empty list; they score 0.
        seen: answers that the recommender was trained on; 0 in an honest evaluation.
        seed: of the resampling.
        seconds: spent on ranking.
    """

    model: str
    protocol: str
    ks: tuple[int, ...]
    values: Values
    users: NDArray[np.int64] | None
    metrics: Mapping[str, Figure]
    slices: Mapping[str, Slice]
    exposure: Mapping[str, float]
    shown: NDArray[np.int64]
    masks: Masks
    candidates: int
    unanswered: int
    seen: int
    seed: int
    seconds: float

    @property
    def requests(self) -> int:
        """How many requests were asked."""
        return len(next(iter(self.values.values())))

    def to_json(self) -> dict[str, Any]:
        """One plain document, as ``penchant evaluate --json`` prints it."""
        return {
            "model": self.model,
            "protocol": self.protocol,
            "requests": self.requests,
            "unanswered": self.unanswered,
            "candidates": self.candidates,
            "seen": self.seen,
            "seed": self.seed,
            "metrics": {name: figure.to_json() for name, figure in self.metrics.items()},
            "exposure": dict(self.exposure),
            "slices": {name: part.to_json() for name, part in self.slices.items()},
        }

    def __str__(self) -> str:
        head = f"{self.model}: {self.requests:,} requests of {self.protocol}"
        lines = [f"{head}, {self.candidates:,} items ranked for each", ""]
        if self.seen:
            lines[1:1] = [f"NOT A TEST: {self.seen:,} of the answers were seen in training"]
        if self.unanswered:
            lines[1:1] = [f"{self.unanswered:,} requests went unanswered and score 0"]
        lines += [f"{'':<22}{'mean':>6}  95 % interval"]
        lines += [f"{name:<22}{figure}" for name, figure in self.metrics.items()]
        lines += [f"{name:<22}{value:.4f}" for name, value in self.exposure.items()]
        shown = [f"{metric}@{self.ks[0]}" for metric in ("NDCG", "HR")]
        lines += ["", f"{'slice':<16}{'requests':>10}" + "".join(f"  {n:<24}" for n in shown)]
        for name, part in self.slices.items():
            figures = "".join(f"  {part.metrics[metric]!s:<24}" for metric in shown)
            lines.append(f"{name:<16}{part.requests:>10,}{figures}".rstrip())
        return "\n".join(line.rstrip() for line in lines)


def figures(values: Values, seed: int, users: NDArray[np.int64] | None) -> dict[str, Figure]:
    """Mean and interval of each metric, all from one resampling."""
    table = np.stack(list(values.values()), axis=1)  # (rows, metrics)
    low, high = interval(table, seed, users=users)
    mean = table.mean(axis=0)
    return {
        name: Figure(float(mean[i]), float(low[i]), float(high[i])) for i, name in enumerate(values)
    }


def sliced(
    values: Values, parts: Masks, seed: int, users: NDArray[np.int64] | None
) -> dict[str, Slice]:
    """The figures of each slice."""
    out = {}
    for name, mask in parts.items():
        some = {metric: value[mask] for metric, value in values.items()}
        whose = None if users is None else users[mask]
        out[name] = Slice(int(mask.sum()), figures(some, seed, whose))
    return out
