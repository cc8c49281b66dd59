"""A short fuzz of a service that is running; ``bench/serving/fuzz.py`` is the long one."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "bench" / "serving" / "fuzz.py"


@pytest.mark.slow
def test_no_request_is_a_fault_and_no_answer_off_the_document():
    pytest.importorskip("schemathesis")
    spec = importlib.util.spec_from_file_location("fuzz", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    fuzz = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fuzz)
    found = fuzz.measured(seconds=10, seed=0)
    assert found["failures"] == {}, found["said"]
    assert found["alive"]
    assert found["faults_in_the_log"] == 0
    assert found["cases"] >= 50
