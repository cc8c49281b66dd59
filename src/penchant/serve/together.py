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
