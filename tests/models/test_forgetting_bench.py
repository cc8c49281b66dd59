"""``bench/forgetting`` in its quick mode: what its tables rest on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "bench" / "forgetting" / "run.py"


def run(folder: Path, *more: str) -> tuple[dict, str]:
    out = folder / "result.json"
    call = [sys.executable, SCRIPT, "--quick", "--cells", folder / "cells", "--out", out, *more]
    done = subprocess.run(call, capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(out.read_text("utf-8")), done.stdout


@pytest.mark.slow
def test_replay_gains_what_the_new_events_alone_would_and_keeps_the_old(tmp_path: Path):
    result, told = run(tmp_path)
    ways = result["ways"]
    assert set(ways) >= {"before", "new alone", "replay", "elastic", "distil", "default"}
    assert ways["before"]["kept"]["share"] == 1.0
    assert ways["before"]["gained"]["share"] == 0.0
    assert ways["replay"]["old"]["ndcg"] >= ways["new alone"]["old"]["ndcg"]
    assert ways["replay"]["new"]["ndcg"] > ways["before"]["new"]["ndcg"]
    assert "| replay |" in told
    again, told = run(tmp_path)  # every cell is there: nothing is measured again
    assert again == result
    assert '{"seconds"' not in told
    part, _ = run(tmp_path, "--only", "before", "--choose")
    assert set(part["ways"]) == {"before"}
