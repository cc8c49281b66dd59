"""A small list that several processes change."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from penchant.core import LogError
from penchant.store import SealedFile
from penchant.store import sealed_file as module


def _add(path: Path, times: int) -> None:
    file = SealedFile(path)
    for _ in range(times):
        with file.changing() as write:
            write({"count": ((file.read() or {"count": 0})["count"]) + 1})


def test_changes_of_several_processes_are_all_there(tmp_path: Path):
    path = tmp_path / "folder" / "list.json"
    spawn = multiprocessing.get_context("spawn")
    each = [spawn.Process(target=_add, args=(path, 20)) for _ in range(3)]
    for process in each:
        process.start()
    for process in each:
        process.join()
    assert SealedFile(path).read() == {"count": 60}


def test_a_file_that_is_damaged_has_a_second_copy(tmp_path: Path):
    file = SealedFile(tmp_path / "list.json")
    assert (file.read(), file.stamp()) == (None, (0, 0))
    with file.changing() as write:
        write({"a": [1]})
    file.path.write_text('{"a": [2]}', "utf-8")
    assert file.read() == {"a": [1]}
    (tmp_path / "list.backup.json").unlink()
    with pytest.raises(LogError, match="both damaged"):
        file.read()


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path):
    file = SealedFile(tmp_path / "list.json")
    with file.changing() as write:
        write({"a": 1})
    with pytest.raises(TypeError), file.changing() as write:
        write({"a": object()})
    assert file.read() == {"a": 1}


@pytest.mark.parametrize("failing", ["list.json", "list.backup.json"])
def test_a_full_disk_is_told_with_what_came_of_the_change(tmp_path: Path, monkeypatch, failing):
    file = SealedFile(tmp_path / "list.json")
    with file.changing() as write:
        write({"a": 1})
    real = module.atomic_write

    def full(path: Path, content: bytes) -> None:
        if path.name == failing:
            raise OSError(28, "No space left on device")
        real(path, content)

    monkeypatch.setattr(module, "atomic_write", full)
    said = "It is as it was" if failing == "list.json" else "The change itself took place"
    with pytest.raises(LogError, match=said), file.changing() as write:
        write({"a": 2})
    assert file.read() == {"a": 1 if failing == "list.json" else 2}
