"""A small data set in files, and runs fitted on it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import NamedTuple

import pytest

from penchant.cli import main

WORDS = ["slow", "warm", "film", "rainy", "evening", "space", "war", "love", "dog", "city", "train"]
GENRES = ["Drama", "Comedy", "Horror", "Action"]


def write_tiny(folder: Path) -> Path:
    """60 items, 80 users who walk through them in three ways: enough for every command."""
    draw = random.Random(0)  # noqa: S311 - nothing secret
    folder.mkdir(parents=True, exist_ok=True)
    ids = [f"i{n}" for n in range(1, 61)]
    items = [
        {
            "item_id": item,
            "title": " ".join(draw.sample(WORDS, 3)).title(),
            "genres": draw.sample(GENRES, 2),
        }
        for item in ids
    ]
    rows, time = ["user_id,item_id,timestamp"], 1_000_000_000
    for user in range(1, 81):
        start = draw.randrange(60)
        for step in range(draw.randrange(4, 12)):
            time += 1000
            rows.append(f"u{user},{ids[(start + step * (1 + user % 3)) % 60]},{time}")
    (folder / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items), "utf-8")
    (folder / "events.csv").write_text("\n".join(rows) + "\n", "utf-8")
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with events.csv and items.jsonl."""
    return write_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def data(tiny: Path) -> list[str]:
    """``--events`` and ``--items`` of the small data set."""
    return ["--events", str(tiny / "events.csv"), "--items", str(tiny / "items.jsonl")]


@pytest.fixture(scope="session")
def run(tiny: Path, data: list[str]) -> Path:
    """EASE, fitted on the training part of leave-last-out. Read only: copy it to change it."""
    out = tiny / "runs" / "ease"
    argv = ["fit", *data, "--model", "ease", "--set", "l2=10", "--split", "leave-last-out"]
    assert main([*argv, "--out", str(out)]) == 0
    return out


class Said(NamedTuple):
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]):
    """``call("fit", "--seed", "1")``: run a command in this process."""

    def run_command(*argv: object) -> Said:
        capfd.readouterr()
        status = main([str(part) for part in argv])
        said = capfd.readouterr()
        return Said(status, said.out, said.err)

    return run_command
