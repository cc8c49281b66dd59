"""Where an admin may have runs taken from."""

from __future__ import annotations

from pathlib import Path

from penchant.core import UsageError


class NoRun(UsageError):
    """A run that cannot be taken from where it is named; its words repeat nothing of the name."""


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
            NoRun: elsewhere, or none to be had; says what to do.
        """
        if name is None and self.first is not None:
            return self.first
        if self.folder is None:
            raise NoRun(
                "This service was started without --run, and no folder of runs is set. Start it "
                'with --run RUN, or with runs = "FOLDER" under [serve] in penchant.toml.'
            )
        if name is None:
            raise NoRun(
                'This service was started without --run: name a run, as in {"run": "second"}. It is '
                f"a folder below {self.folder}."
            )
        try:
            place = (self.folder / name).resolve()
            if not place.is_relative_to(self.folder):
                raise NoRun(f"Runs are taken from {self.folder} only.")
            found = place.is_dir()
        except (OSError, ValueError):  # too long, or with a character that no name has
            found = False
        if not found:
            raise NoRun(
                f"{self.folder} holds no run of that name. Write one there with penchant fit --out."
            )
        return place
