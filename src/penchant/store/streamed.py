"""A file of a bundle that its maker writes piece by piece, because it is too large to be held twice."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Piece = bytes | memoryview


@dataclass(frozen=True, slots=True)
class Streamed:
    """Content for ``write_bundle``.

    Attributes:
        pieces: is given a function and calls it with each piece of the file, in order.
    """

    pieces: Callable[[Callable[[Piece], None]], None]

    def write(self, path: Path) -> dict[str, Any]:
        """Write a new file durably; its SHA-256 (hex) and size in bytes, as a manifest has them."""
        digest, size = hashlib.sha256(), 0
        with path.open("xb") as file:

            def take(piece: Piece) -> None:
                nonlocal size
                file.write(piece)
                digest.update(piece)
                size += memoryview(piece).nbytes

            self.pieces(take)
            file.flush()
            os.fsync(file.fileno())
        return {"sha256": digest.hexdigest(), "bytes": size}
