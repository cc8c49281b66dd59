"""Power cuts, simulated under SQLite: what was acknowledged is there afterwards, once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from penchant import testing

PROGRAM = Path(testing.__file__).with_name("power_cuts.py")


def cut(*arguments: str) -> dict:
    """In a process of its own, as the simulator changes how SQLite opens files."""
    command = [sys.executable, "-P", str(PROGRAM), *arguments]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


@pytest.mark.slow
def test_no_power_cut_loses_an_acknowledged_event_or_needs_a_hand():
    found = cut("--cuts", "100", "--seed", "1")
    assert found["flushes"] > 150, "each acknowledgement has a flush of its own here"
    assert found["cuts"] == 100
    wrong = ("unopened", "lost", "duplicated", "invented", "unerased")
    assert {name: found[name] for name in wrong} == dict.fromkeys(wrong, 0), found["errors"]


@pytest.mark.slow
def test_without_flushing_each_commit_the_simulator_finds_losses():
    assert cut("--cuts", "25", "--synchronous", "NORMAL", "--no-witness")["lost"] > 5


@pytest.mark.slow
def test_the_witness_notices_a_disk_that_lost_commits():
    found = cut("--cuts", "25", "--synchronous", "NORMAL")
    assert found["lost"] == 0, "nothing is missing without a word"
    assert found["unopened"] > 5
    assert all("lost the last" in error for error in found["errors"])
