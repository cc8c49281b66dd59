"""What the loop remembers, durable: how far it has tried, and when it fitted anew."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from penchant.store import SealedFile


@dataclass(frozen=True, slots=True)
class Journal:
    """Where the loop stands.

    Attributes:
        tried: ``seq`` up to which events were in a candidate that was judged, or judged one.
        retuned: when the model was last fitted anew, seconds since 1970; 0 for never.
        proven: the version that was watched for long enough.
        watched: the version that is being watched.
        looks: how often it was looked at.
        asked: questions at the last look.
    """

    tried: int = 0
    retuned: float = 0.0
    proven: str = ""
    watched: str = ""
    looks: int = 0
    asked: int = 0

    @classmethod
    def read(cls, path: Path) -> Journal:
        """What was written; the beginning where nothing was.

        Raises:
            LogError: the file and its copy are damaged.
        """
        found = SealedFile(path).read()
        return cls() if found is None else cls(**found)

    def write(self, path: Path) -> None:
        """Write it, whole or not at all.

        Raises:
            LogError: it cannot be written.
        """
        with SealedFile(path).changing() as write:
            write(asdict(self))
