"""A log whose files are deleted, replaced or moved while it is in use acknowledges nothing more."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from penchant.core import Event, LogError, LostLog
from penchant.store.log import open_log
from penchant.testing import PostgresServer


def sent(number: int) -> Event:
    return Event(f"u{number % 3}", "i1", 1e9, f"e{number}")


def replaced(folder: Path) -> None:
    """Another log in its place, such as a backup that somebody copied there."""
    shutil.rmtree(folder)
    with open_log(folder) as other:
        other.append([Event("x", "i", 1e9, "x")])


AWAY: dict[str, Callable[[Path], object]] = {
    "deleted": shutil.rmtree,
    "an empty folder": lambda folder: (shutil.rmtree(folder), folder.mkdir()),
    "replaced": replaced,
    "moved": lambda folder: folder.rename(folder.with_name("elsewhere")),
    "the file alone": lambda folder: (folder / "log.db").unlink(),
    "the write-ahead log alone": lambda folder: (folder / "log.db-wal").unlink(),
    "a copy of itself": lambda folder: (
        shutil.copytree(folder, folder.with_name("copy")),
        shutil.rmtree(folder),
        folder.with_name("copy").rename(folder),
    ),
}


@pytest.mark.parametrize("away", list(AWAY.values()), ids=list(AWAY))
def test_what_nobody_would_find_again_is_not_acknowledged(away, tmp_path: Path):
    folder = tmp_path / "log"
    with open_log(folder) as log:
        log.append([sent(1)])
        log.check()
        away(folder)
        with pytest.raises(LostLog, match=r"log\.db.*Nothing more is stored.*penchant restore"):
            log.append([sent(2)])
        for write in (
            lambda: log.put_items([{"item_id": "i"}]),
            lambda: log.erase("u1"),
            log.check,
        ):
            with pytest.raises(LostLog):
                write()
        assert not (folder / "log.erasures").exists(), "nothing was written beside another log"
        assert log.last_seq() == 1, "reading goes on"


def test_what_was_committed_as_the_files_went_is_not_acknowledged(tmp_path: Path, monkeypatch):
    """They go between the look before a transaction and its end."""
    folder = tmp_path / "log"
    with open_log(folder) as log:
        log.append([sent(1)])
        from penchant.store.log import writing

        real = writing.Writing.finish

        def finish(self) -> None:
            real(self)
            shutil.rmtree(folder)

        monkeypatch.setattr(writing.Writing, "finish", finish)
        with pytest.raises(LostLog):
            log.append([sent(2)])


def test_files_that_come_back_are_written_again(tmp_path: Path):
    """A disk that was mounted again, a folder that was moved back."""
    folder, elsewhere = tmp_path / "log", tmp_path / "elsewhere"
    with open_log(folder) as log:
        log.append([sent(1)])
        folder.rename(elsewhere)
        with pytest.raises(LostLog):
            log.append([sent(2)])
        elsewhere.rename(folder)
        log.append([sent(2)])
        log.check()
    with open_log(folder) as log:
        assert log.last_seq() == 2


def test_a_reader_that_is_opened_late_reads_no_other_log(tmp_path: Path):
    folder = tmp_path / "log"
    with open_log(folder) as log:
        log.append([sent(1), sent(2)])
        with log._database.session("read"):  # the one that was open
            replaced(folder)
            with pytest.raises(LostLog):
                log.last_seq()


@pytest.mark.postgres
def test_a_server_that_goes_and_comes_back(server: PostgresServer, fresh_url: Callable[[], str]):
    with open_log(fresh_url()) as log:
        log.append([sent(1)])
        log.check()
        server.kill()
        try:
            for call in (lambda: log.append([sent(2)]), log.check):
                with pytest.raises(LogError, match="cannot be reached"):
                    call()
        finally:
            server.start()
        log.check()
        log.append([sent(2)])
        assert log.last_seq() == 2
