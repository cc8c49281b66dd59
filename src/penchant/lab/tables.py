"""Plain tables, and the facts that a comparison is printed with."""

from __future__ import annotations

import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PACKAGES = ("penchant", "numpy", "scipy", "polars", "torch", "transformers", "implicit", "optuna")


@dataclass(frozen=True)
class Facts:
    """What was compared on what, and how to do it again.

    Attributes:
        data: name and counts of the data.
        trained: training events of each item, (items,).
        band: each item's band of popularity, (items,), as ``slices.bands`` numbers them.
        answered: test answers of each item, (items,).
        lengths: training events of each user, (users,).
        versions: package -> version.
        command: what repeats the comparison.
        seeds: of the fits.
        budget: seconds allowed for each search, None for no limit.
    """

    data: Mapping[str, Any]
    trained: NDArray[np.int64]
    band: NDArray[np.int8]
    answered: NDArray[np.int64]
    lengths: NDArray[np.int64]
    versions: Mapping[str, str]
    command: str
    seeds: tuple[int, ...]
    budget: float | None

    def to_json(self) -> dict[str, Any]:
        """One plain document."""
        return {
            "data": dict(self.data),
            "seeds": list(self.seeds),
            "tune_budget_seconds": self.budget,
            "versions": dict(self.versions),
            "command": self.command,
        }


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as text: the first column to the left, the others to the right.

    >>> print(aligned([["model", "n"], ["ease", "12"]]))
    model   n
    ease   12
    """
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    return "\n".join(lines)


def second_metric(metric: str) -> str:
    """What stands beside a metric: HR of the same length, or NDCG beside HR.

    >>> second_metric("NDCG@10"), second_metric("HR@5")
    ('HR@10', 'NDCG@5')
    """
    name, _, k = metric.partition("@")
    return f"{'NDCG' if name == 'HR' else 'HR'}@{k}"


def signed(text: str) -> str:
    """A number with a minus as wide as a digit.

    >>> signed("-0.5") == chr(0x2212) + "0.5"
    True
    """
    return text.replace("-", chr(0x2212))


def chance(p: float) -> str:
    """A p-value for people.

    >>> chance(0.0004), chance(0.0312)
    ('<0.001', '0.031')
    """
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def seconds(value: float) -> str:
    """Seconds for people: as many digits as say something.

    >>> seconds(0.0004), seconds(0.012), seconds(3.14159), seconds(1234.5)
    ('<0.01', '0.01', '3.1', '1,234')
    """
    if 0 < value < 0.005:
        return "<0.01"
    return f"{value:,.{2 if value < 1 else 1 if value < 100 else 0}f}"


def versions() -> dict[str, str]:
    """Python, the machine, and the packages that decide the result, as installed."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # an optional one
    return found


def command(call: str) -> str:
    """What started this process: the command line, or the Python call where it was not ours."""
    program = Path(sys.argv[0]) if sys.argv and sys.argv[0] else Path("python")
    ours = program.stem == "penchant" or program.parent.name == "penchant"
    return shlex.join(["penchant", *sys.argv[1:]]) if ours else call
