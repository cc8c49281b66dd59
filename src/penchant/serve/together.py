"""Figures of several processes shown as one: each writes files into a folder that all share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def figures_together() -> Iterator[str]:
    """A folder for the figures of the processes that are started in the block; gone at its end."""
    before = os.environ.get(VARIABLE)
    with tempfile.TemporaryDirectory(prefix="penchant-figures-") as folder:
        os.environ[VARIABLE] = folder
        try:
            yield folder
        finally:
            del os.environ[VARIABLE]
            if before is not None:
                os.environ[VARIABLE] = before


def mark_dead(process: int | None, folder: str) -> None:
    """Let go of what a process that ended said of the moment; what it counted stays."""
    from prometheus_client import multiprocess

    if process is not None:
        multiprocess.mark_process_dead(process, folder)  # type: ignore[no-untyped-call]
