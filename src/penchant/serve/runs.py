"""Where an admin may have runs taken from."""

from __future__ import annotations

from pathlib import Path

from penchant.core import UsageError


class Runs:
    """The run of the command line, and a folder of others: never any folder of the machine.

    Args:
        run: of the command line, if any.
        folder: that runs are taken from; the one that ``run`` lies in by default.
    """

    def __init__(self, run: Path | None, folder: str | None = None) -> None:
        self.first = None if run is None else run.expanduser().resolve()
        beside = None if self.first is None else self.first.parent
        self.folder = beside if folder is None else Path(folder).expanduser().resolve()

    def find(self, name: str | None) -> Path:
        """A run by its name below the folder; the first by default.

        Raises:
            UsageError: elsewhere, or none to be had.
        """
        if name is None and self.first is not None:
            return self.first
        if self.folder is None:
            raise UsageError(
                "This service was started without --run, and no folder of runs is set: write "
                'runs = "FOLDER" under [serve] in penchant.toml.'
            )
        if name is None:
            raise UsageError("Name a run: this service was started without --run.")
        try:
            place = (self.folder / name).resolve()
            if not place.is_relative_to(self.folder):
                raise UsageError(f"Runs are taken from {self.folder} only.")
            found = place.is_dir()
        except (OSError, ValueError):  # too long, or with a character that no name has
            found = False
        if not found:
            raise UsageError(f"{self.folder} holds no run of that name.")
        return place
