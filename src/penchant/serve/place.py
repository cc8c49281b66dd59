"""What a service is started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .config import ServeConfig


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service keeps its things and where it listens.

    Attributes:
        data: the data folder.
        run: what answers at first, or None.
        host: that it listens on.
        port: likewise.
        config: sizes and times.
        shared: a folder that all processes have while they run; None where there is one process.
    """

    data: Path
    run: Path | None
    host: str
    port: int
    config: ServeConfig = field(default_factory=ServeConfig)
    shared: Path | None = None
