"""Runs of the demo, kept so that a second time is quick."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from penchant import __version__
from penchant.core import BundleError
from penchant.engine import Estimator, Recommender, load
from penchant.models import settings_of

from .output import note

if TYPE_CHECKING:
    from penchant.data import Dataset
    from penchant.lab import Comparison


@dataclass(frozen=True, slots=True)
class Kept(Estimator):
    """An estimator that fits once, and reads the run the next time.

    Attributes:
        run: where its run is kept; the name holds a digest of data, settings, seed and version.
        known: whether a run was there to begin with.
    """

    run: Path
    known: bool

    @classmethod
    def of(cls, estimator: Estimator, folder: Path, train: Dataset, seed: int) -> Self:
        """The estimator with a place in ``folder`` that only this data, config and seed have."""
        told = [train.digest, estimator.name, settings_of(estimator.config), seed, __version__]
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        run = folder / f"{estimator.name}-{digest[:12]}"
        return cls(estimator.model_class, estimator.config, run, run.is_dir())

    def fit(
        self,
        train: Dataset,
        seed: int = 0,
        resume: str | Path | None = None,
        trackers: Sequence[str] = (),
    ) -> Recommender:
        """The kept recommender where it checks out, else a new one, which is kept."""
        if self.run.is_dir():
            try:
                return load(self.run)
            except BundleError as error:
                note(f"note: {error} It is made again.")
        fitted = Estimator(self.model_class, self.config).fit(train, seed, resume, trackers)
        fitted.save(self.run)
        return fitted


def remembered(found: Comparison, kept: Mapping[str, Kept]) -> Comparison:
    """The comparison with the times and memory of the fit that made each run, not of reading it."""
    from penchant.store import atomic_write

    entries = []
    for entry in found.entries:
        run = kept[entry.name]
        paper = run.run.with_suffix(".json")
        if run.known and paper.is_file():  # else it was fitted just now
            cost = json.loads(paper.read_text("utf-8"))
            entries.append(replace(entry, fit_seconds=cost["seconds"], memory=cost["bytes"]))
        else:
            cost = {"seconds": entry.fit_seconds, "bytes": entry.memory}
            atomic_write(paper, json.dumps(cost).encode())
            entries.append(entry)
    return replace(found, entries=tuple(entries))
