"""Files that are written from a log, elsewhere than the log itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from penchant.core import UsageError


@contextmanager
def written_to(path: Path) -> Iterator[None]:
    """A block that writes a file; the folder above it is made.

    Raises:
        UsageError: the disk there refuses, which says nothing of the disk under the log.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror or error}. Name another place, or make room."
        ) from error
