"""Bodies that break readers of JSON, kept as data: a file of JSON lines.

Each line has ``name``, ``parts`` (pairs of text and how often it comes, the text being the bytes as
Latin-1), and ``status``: what a route must answer, 400 where no route may read it at all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class HostileBody:
    """One of them.

    Attributes:
        name: what is wrong with it.
        body: as sent.
        status: that ``POST /v1/events`` must answer.
    """

    name: str
    body: bytes
    status: int

    def __str__(self) -> str:
        return self.name


def read_hostile_bodies(path: Path) -> list[HostileBody]:
    """All of a file."""
    found = []
    for line in path.read_text("utf-8").splitlines():
        kept = json.loads(line)
        body = b"".join(text.encode("latin-1") * times for text, times in kept["parts"])
        found.append(HostileBody(kept["name"], body, kept["status"]))
    return found
