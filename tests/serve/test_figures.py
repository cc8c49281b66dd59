"""The figures of several tenants, and what the alerts are made of."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from penchant.core import ServiceError
from penchant.serve import Client
from penchant.serve.edge import KeyFile, Metrics
from penchant.serve.figures import Figures, Standing


def shown(figures: Figures) -> dict[str, float]:
    lines = figures.metrics.page()[0].decode().splitlines()
    told = (line.rpartition(" ") for line in lines if line.startswith("penchant_"))
    return {name.removeprefix("penchant_"): float(value) for name, _, value in told}


def test_tenants_do_not_take_turns_in_the_figures():
    now = iter(range(100, 200))
    figures = Figures(Metrics(), clock=lambda: float(next(now)))
    for _ in range(3):
        figures.stands("", Standing("one", 2, {"ready": 5}, 50.0, 1_000))
        figures.stands("left", Standing("two", 3, {"ready": 1}, 40.0, 900))
    told = shown(figures)
    assert told["model_swaps_total"] == 0
    assert told['model_info{version="one"}'] == told['model_info{version="two"}'] == 1
    assert told["questions_waiting"] == 5
    assert told['items_put{state="ready"}'] == 6
    assert told["model_added_timestamp_seconds"] == 40
    assert told["disk_free_bytes"] == 900
    assert told["followed_timestamp_seconds"] == 104, "of the tenant longest behind"
    figures.stands("left", Standing("one", 0, {"ready": 1}))
    told = shown(figures)
    assert told["model_swaps_total"] == 1
    assert told['model_info{version="one"}'] == 2
    assert told['model_info{version="two"}'] == 0
    assert told["model_added_timestamp_seconds"] == 50


@pytest.mark.slow
def test_several_processes_count_one_limit_and_say_how_they_are(
    run: Path, tmp_path: Path, serving: Callable
):
    folder = tmp_path / "service"
    file = KeyFile(folder)
    _, slow = file.add("slow", ["read"], rate=0.001)  # and a burst of 1
    _, admin = file.add("admin", ["admin"])
    service = serving("--run", run, "--data", folder, "--workers", 2)
    answered = 0
    for _ in range(30):
        client = Client(service.url, key=slow, retries=0)  # by chance to either process
        with client, contextlib.suppress(ServiceError):
            client.recommend(user="u1", k=1)
            answered += 1
    assert answered == 1
    headers = {"authorization": f"Bearer {admin}"}
    page = ""
    while "penchant_ready 1.0" not in page:  # asked every few seconds
        page = httpx.get(f"{service.url}/metrics", headers=headers).text
    assert 'penchant_http_problems_total{code="too-many-requests"} 29.0' in page
    assert "penchant_disk_free_bytes 0.0" not in page
