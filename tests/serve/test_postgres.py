"""A service whose log lies in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from penchant.serve import Client
from penchant.testing import find_programs, postgres_server

pytestmark = [pytest.mark.slow, pytest.mark.postgres]


def test_two_folders_on_one_database_are_one_service(run: Path, tmp_path: Path, serving: Callable):
    if find_programs() is None:
        pytest.skip("no PostgreSQL server can be run here (Debian: apt install postgresql)")
    with postgres_server() as server:
        log = ["--log", server.url("shop")]
        here = serving("--run", run, "--data", tmp_path / "here", *log)
        there = serving("--run", run, "--data", tmp_path / "there", *log)
        with Client(here.url) as one, Client(there.url) as other:
            before = other.recommend(user="ann", k=5)
            one.record("ann", "i7", event_id="e1")
            after = other.recommend(user="ann", k=5)
            assert after.ids != before.ids
            assert after.ids == one.recommend(user="ann", k=5).ids
            assert other.record("ann", "i7", event_id="e1").status == "duplicate"
            here.kill()
            assert other.recommend(user="ann", k=5).ids == after.ids
        again = serving("--data", tmp_path / "here", *log)
        with Client(again.url) as one:
            assert one.recommend(user="ann", k=5).ids == after.ids
            assert one.erase("ann")["events"] == 1
        with Client(there.url) as other:
            stranger = other.recommend(user="a stranger", k=5)
            assert other.recommend(user="ann", k=5).ids == stranger.ids
        again.end()
        there.end()
