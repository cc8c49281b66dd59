"""Runs fitted on the small data set, and a way to call commands."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from penchant.cli import main


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
