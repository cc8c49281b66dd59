"""Everything that can go wrong, in one tree.

::

    PenchantError                 catch this to catch all of them        exit status 1
    ├── UsageError                a wrong argument or setting            exit status 2
    ├── DataError                 events or items that cannot be used; carries every Problem found
    ├── Unsupported               a right question to a model that cannot answer it
    ├── BundleError               a saved model that cannot be trusted
    │   ├── DamagedBundle         a file is missing, cut short, or not what was written
    │   └── NewerBundle           written by a newer penchant than this one
    ├── SeenEvents                test events that the model was trained on
    ├── ModelNotFound             a language model that is neither packaged, a folder, nor downloadable
    ├── MissingDependency         an optional package, with the line that installs it
    └── TrainingFailed            a loss that is not a number, and what to try

A message says what was wrong, where, and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


class PenchantError(Exception):
    """The root of every error that penchant raises on purpose."""

    exit_status = 1


class UsageError(PenchantError):
    """A wrong argument or setting."""

    exit_status = 2


def as_argument(setting: str, value: Any) -> str:
    """A setting as Python writes it.

    >>> as_argument("unknown_items", "drop")
    "unknown_items='drop'"
    """
    return f"{setting}={value!r}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the user's data.

    Attributes:
        where: the file, or the name of the frame.
        line: line in that file (the first is 1, headers count), or None for the file as a whole.
        what: what is wrong, with the offending value.
        remedy: what to do about it; ``{setting}`` stands for the setting that mends it.
        count: how many places have this problem; ``line`` names the first.
        setting: name and value of the setting of ``penchant.read`` that mends it, or None.
    """

    where: str
    line: int | None
    what: str
    remedy: str
    count: int = 1
    setting: tuple[str, Any] | None = None

    def __str__(self) -> str:
        return self.told(as_argument)

    def told(self, write: Callable[[str, Any], str]) -> str:
        """The problem in words.

        Args:
            write: how a setting is written, such as ``as_argument``: the command line has its own
                way.
        """
        place = self.where if self.line is None else f"{self.where}:{self.line}"
        more = f" (and {self.count - 1:,} more like it)" if self.count > 1 else ""
        remedy = self.remedy
        if self.setting is not None:
            remedy = remedy.replace("{setting}", write(*self.setting))
        return f"{place}: {self.what}{more}. {remedy}"


class DataError(PenchantError):
    """Events or items that cannot be used; ``problems`` holds everything found, not the first only."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


class Unsupported(PenchantError):
    """A right question to a model that cannot answer it."""


class BundleError(PenchantError):
    """A saved model that cannot be trusted."""


class DamagedBundle(BundleError):
    """A file of a bundle is missing, cut short, or not what was written."""


class NewerBundle(BundleError):
    """A bundle written by a newer penchant."""


class SeenEvents(PenchantError):
    """Test events that the model was trained on."""


class ModelNotFound(PenchantError):
    """A language model that cannot be found."""


class MissingDependency(PenchantError):
    """An optional package that is not installed."""


class TrainingFailed(PenchantError):
    """Training that went wrong, such as a loss that is not a number."""
