"""Everything that can go wrong, in one tree.

::

    PenchantError                 catch this to catch all of them        exit status 1
    ├── UsageError                a wrong argument or setting            exit status 2
    │   └── NoRun                 a run that is not where it is named (in penchant.serve)
    ├── DataError                 events or items that cannot be used; carries every Problem found
    ├── Unsupported               a right question to a model that cannot answer it
    ├── BundleError               a saved model that cannot be trusted
    │   ├── DamagedBundle         a file is missing, cut short, or not what was written
    │   └── NewerBundle           written by a newer penchant than this one
    ├── SeenEvents                test events that the model was trained on
    ├── ModelNotFound             a language model that is neither packaged, a folder, nor downloadable
    ├── MissingDependency         an optional package, with the line that installs it
    ├── TrainingFailed            a loss that is not a number, and what to try
    ├── LogError                  the event log cannot do it now; a write may or may not have happened
    │   ├── DamagedLog            what it holds is not what was written
    │   └── LostLog               its files were deleted, replaced or unmounted under it
    ├── IndexUnavailable          an index beyond this machine that cannot be asked now
    ├── Repeated                  a write that was done before under its Idempotency-Key
    ├── Overloaded                more is asked of a service than it can answer; says when to try again
    ├── HttpProblem               what a service answers instead (in penchant.serve, which has HTTP)
    └── ServiceError              what a client hears of a service that refuses or cannot be reached

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


class LogError(PenchantError):
    """The event log cannot do it now: a full disk, a lost server.

    A write that ends so may or may not have happened. Events can be sent again: those of a known
    ``event_id`` are stored once.
    """


class DamagedLog(LogError):
    """What the event log holds is not what was written."""


class LostLog(LogError):
    """The files of the event log were deleted, replaced or unmounted while it was in use."""


class IndexUnavailable(PenchantError):
    """An index beyond this machine that cannot be asked now: a lost server, or an index made anew.

    A change that ends so may or may not have happened; making it again does no harm, but for items
    added without a code.
    """


class Repeated(PenchantError):
    """A write that was done before under its ``Idempotency-Key``; nothing was done now.

    Attributes:
        fingerprint: of the request that did it.
        answer: what was answered; None where a user in it was erased since.
    """

    def __init__(self, fingerprint: str, answer: str | None) -> None:
        super().__init__(
            "This Idempotency-Key was used before. Take a fresh one for a new request."
        )
        self.fingerprint = fingerprint
        self.answer = answer


class Overloaded(PenchantError):
    """More is asked of a service than it can answer in time.

    Attributes:
        retry_after: seconds after which trying again makes sense.
    """

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ServiceError(PenchantError):
    """A service refused a request, or could not be reached.

    Attributes:
        status: the HTTP status, or None where there was no answer.
        request_id: the name of the request in the service's logs, or "".
    """

    def __init__(self, message: str, status: int | None = None, request_id: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.request_id = request_id
