"""What an error of the service means to whoever asked."""

from __future__ import annotations

from penchant.core import BundleError, IndexUnavailable, LogError, Unsupported, UsageError

from .edge import HttpProblem


def meaning(error: Exception) -> HttpProblem | None:
    """The problem to answer with; None for a fault.

    The words of errors may repeat what was sent, and so stay in the logs; but those about a bundle,
    which only an admin hears.
    """
    if isinstance(error, Unsupported):
        detail = "The model that answers cannot do this; x-model-version says which it is."
        return HttpProblem(422, "unsupported", detail)
    if isinstance(error, UsageError):
        detail = "An id, a column, a value or a version is not one that this service can use."
        return HttpProblem(422, "cannot-answer", detail)
    if isinstance(error, BundleError):
        return HttpProblem(422, "model-refused", str(error))
    if isinstance(error, LogError):
        detail = "The event log cannot be used now. It is safe to send the same again."
        return HttpProblem(503, "log-unavailable", detail, headers={"retry-after": "5"})
    if isinstance(error, IndexUnavailable):
        detail = "The index cannot be asked now. It is safe to send the same again."
        return HttpProblem(503, "index-unavailable", detail, headers={"retry-after": "5"})
    return None
