"""What an error of the service means to whoever asked."""

from __future__ import annotations

from penchant.core import BundleError, IndexUnavailable, LogError, LostLog, Unsupported, UsageError

from .edge import HttpProblem
from .runs import NoRun


def meaning(error: Exception) -> HttpProblem | None:
    """The problem to answer with; None for a fault.

    The words of errors may repeat what was sent, and so stay in the logs; but those about a bundle
    or a run, which only an admin hears.
    """
    if isinstance(error, Unsupported):
        detail = "The model that answers cannot do this; x-model-version says which it is."
        return HttpProblem(422, "unsupported", detail)
    if isinstance(error, BundleError | NoRun):
        code = "no-such-run" if isinstance(error, NoRun) else "model-refused"
        return HttpProblem(422, code, str(error))
    if isinstance(error, UsageError):
        detail = "An id, a column, a value or a version is not one that this service can use."
        return HttpProblem(422, "cannot-answer", detail)
    if isinstance(error, LogError):
        return _of_the_log(error)
    if isinstance(error, IndexUnavailable):
        detail = "The index cannot be asked now. It is safe to send the same again."
        return HttpProblem(503, "index-unavailable", detail, headers={"retry-after": "5"})
    return None


def _of_the_log(error: LogError) -> HttpProblem:
    detail, seconds = "The event log cannot be used now. It is safe to send the same again.", "5"
    if isinstance(error, LostLog):
        detail, seconds = (
            "The files of the event log were deleted, replaced or unmounted, so nothing is stored "
            "until whoever runs the service has put them back. Keep this, and send it again then.",
            "30",
        )
    return HttpProblem(503, "log-unavailable", detail, headers={"retry-after": seconds})
