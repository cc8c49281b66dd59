"""Servers, folders and children for the tests of the log."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from penchant.testing import PostgresServer, find_programs, postgres_server


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL server for all tests of a session."""
    if find_programs() is None:
        pytest.skip("no PostgreSQL server can be run here (Debian: apt install postgresql)")
    with postgres_server() as running:
        yield running


@pytest.fixture
def fresh_url(server: PostgresServer) -> Callable[[], str]:
    """Makes URLs of logs that nobody used before."""
    return lambda: server.url(f"log_{next(_NUMBERS)}")


_NUMBERS = itertools.count()
