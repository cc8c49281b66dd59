"""A small list that several processes read and change, whole whatever moment one of them dies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from penchant.core import LogError

from .atomic import atomic_write
from .locking import alone
from .manifest import sealed, unsealed


class SealedFile:
    """JSON with the SHA-256 of itself, written aside and renamed; a second copy stands beside it.

    Args:
        path: of the file; its folder is made where it is missing. The copy is ``NAME.backup.json``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        self._spare = self.path.with_suffix(".backup.json")

    def read(self) -> dict[str, Any] | None:
        """What was last written; None before the first time.

        Raises:
            LogError: both copies are damaged.
        """
        found = False
        for path in (self.path, self._spare):
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue
            found = True
            try:
                return unsealed(content)
            except ValueError:
                continue
        if found:
            raise LogError(
                f"{self.path} and its second copy are both damaged. Restore one of them, or move both "
                "away to begin with an empty list."
            )
        return None

    def stamp(self) -> tuple[int, int]:
        """Changes whenever the file does; microseconds."""
        try:
            state = self.path.stat()
        except OSError:
            return (0, 0)
        return (state.st_ino, state.st_mtime_ns)

    @contextmanager
    def changing(self) -> Iterator[Callable[[Mapping[str, Any]], None]]:
        """Alone with the file; gives the function that writes it.

        Raises:
            LogError: it cannot be written; the message says whether it is as it was.
        """
        told: list[bytes] = []

        def write(value: Mapping[str, Any]) -> None:
            content = sealed(value)
            told.append(content)
            atomic_write(self.path, content)
            atomic_write(self._spare, content)

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with alone(self.path.parent):
                yield write
        except OSError as error:
            what = "It is as it was."
            if told and self._holds(told[-1]):  # it has its name; what came after it failed
                what = "The change itself took place; its second copy may be the one before."
            raise LogError(f"{self.path} cannot be written: {error}. {what}") from error

    def _holds(self, content: bytes) -> bool:
        try:
            return self.path.read_bytes() == content
        except OSError:
            return False
