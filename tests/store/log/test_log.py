"""Every log does the same: SQLite, PostgreSQL, and the one of the tests."""

from __future__ import annotations

import pytest

from penchant.store.log import open_log
from penchant.testing import LOG_CHECKS, LogCase, MemoryLog

checks = pytest.mark.parametrize("check", LOG_CHECKS, ids=lambda check: check.__name__)


@checks
def test_sqlite(check, tmp_path):
    check(LogCase(lambda clock: open_log(tmp_path / "log", clock=clock)))


@pytest.mark.postgres
@checks
def test_postgres(check, fresh_url):
    url = fresh_url()
    check(LogCase(lambda clock: open_log(url, clock=clock)))


@checks
def test_memory(check):
    check(LogCase(MemoryLog))
