"""What a model did that answers unseen: counted by each process, told in a file of its own.

::

    DIR/shadows/NAME.PROCESS.json    counts of one process that serves, written every few seconds
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from penchant.store import atomic_write

from .experiment import Experiment

SHADOWS = "shadows"


@dataclass(frozen=True, slots=True)
class Shadowed:
    """What came of the questions that a shadow was asked.

    Attributes:
        answers: lists that it gave.
        errors: that it gave in their place.
        dropped: questions that it was not asked, as too many waited.
        seconds: that its answers took.
        overlap: sum over its lists of the share of items that are in the list shown, too.
        same_top: lists that begin with the same item.
        last_error: in words.
    """

    answers: int = 0
    errors: int = 0
    dropped: int = 0
    seconds: float = 0.0
    overlap: float = 0.0
    same_top: int = 0
    last_error: str = ""

    def __add__(self, other: Shadowed) -> Shadowed:
        return Shadowed(
            self.answers + other.answers,
            self.errors + other.errors,
            self.dropped + other.dropped,
            self.seconds + other.seconds,
            self.overlap + other.overlap,
            self.same_top + other.same_top,
            other.last_error or self.last_error,
        )

    def answered(self, shown: Sequence[str], shadow: Sequence[str], seconds: float) -> Shadowed:
        """With one more list.

        Args:
            shown: items of the list that was shown.
            shadow: of the shadow's.
            seconds: that it took.
        """
        both = len(set(shown) & set(shadow))
        return replace(
            self,
            answers=self.answers + 1,
            seconds=self.seconds + seconds,
            overlap=self.overlap + (both / len(shown) if shown else float(not shadow)),
            same_top=self.same_top + (list(shown[:1]) == list(shadow[:1])),
        )

    def failed(self, why: str) -> Shadowed:
        """With one more error."""
        return replace(self, errors=self.errors + 1, last_error=why)

    def as_json(self) -> dict[str, Any]:
        """The counts as JSON values."""
        return asdict(self)


class ShadowFile:
    """The counts of one process.

    Args:
        folder: of the service.
        experiment: what they are of.
    """

    def __init__(self, folder: Path, experiment: Experiment) -> None:
        name = f"{experiment.name}.{os.getpid()}-{secrets.token_hex(4)}.json"
        self._path = folder / SHADOWS / name
        self._told = Shadowed()

    def tell(self, counts: Shadowed) -> None:
        """Write them, where they changed."""
        if counts != self._told:
            atomic_write(self._path, json.dumps(counts.as_json()).encode())
            self._told = counts


def shadowed(folder: Path, experiment: Experiment) -> Shadowed:
    """What all processes counted, those that have ended included."""
    found = Shadowed()
    for path in sorted((folder / SHADOWS).glob(f"{experiment.name}.*-*.json")):
        try:
            told: Mapping[str, Any] = json.loads(path.read_bytes())
            found += Shadowed(**told)
        except (OSError, ValueError, TypeError):
            continue  # of another version, or damaged: figures, not facts
    return found
