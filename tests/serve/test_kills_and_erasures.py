"""A service that is killed again and again, and one that forgets: nothing lost, nothing left."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from penchant.testing import find_programs, postgres_server
from penchant.testing.erasure_drill import ErasureDrill
from penchant.testing.service_kills import ServiceLedger, kill_services

pytestmark = pytest.mark.slow


def check(ledger: ServiceLedger) -> None:
    wrong = (ledger.failed, ledger.lost, ledger.forgotten, ledger.duplicated, ledger.invented)
    assert (ledger.errors, wrong, ledger.by_hand) == ([], (0,) * 5, 0)
    assert ledger.acknowledged > ledger.kills == 2


def test_clients_go_on_through_kills_and_lose_nothing(run: Path, tmp_path: Path):
    check(kill_services(run, tmp_path / "data", kills=2, seed=1))


@pytest.mark.postgres
def test_clients_go_on_through_kills_with_a_log_in_postgres(run: Path, tmp_path: Path):
    if find_programs() is None:
        pytest.skip("no PostgreSQL server can be run here (Debian: apt install postgresql)")
    with postgres_server() as server:
        check(kill_services(run, tmp_path / "data", 2, 1, server.url("killed")))


def test_not_a_byte_of_who_is_erased_is_left_anywhere(tmp_path: Path):
    drill = ErasureDrill(tmp_path, erased=4)
    drill.run()
    found = {name: (stage.found, stage.opaque) for name, stage in drill.stages.items()}
    before = found.pop("before")[0]
    places = {line.rpartition(": ")[0].rpartition("/")[2] for line in before}
    assert {"log.db", "live.snapshot", "users.json", "backup.db"} <= places, "the search sees them"
    assert found == dict.fromkeys(found, ([], [])), json.dumps(found, indent=1)
    assert drill.residues == 0


def test_a_signal_that_comes_with_the_start_is_heard(run: Path, tmp_path: Path, serving: Callable):
    for how in (signal.SIGINT, signal.SIGTERM):
        assert serving("--run", run, "--data", tmp_path / how.name).end(how) == 0
