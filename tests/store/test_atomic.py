"""A file is whole or absent."""

import pytest

from penchant.store import atomic_write


def test_missing_folders_above_are_made(tmp_path):
    atomic_write(tmp_path / "a/b/report.html", b"whole")
    assert (tmp_path / "a/b/report.html").read_bytes() == b"whole"


def test_an_old_file_is_replaced_and_nothing_else_is_left(tmp_path):
    atomic_write(tmp_path / "page", b"old")
    atomic_write(tmp_path / "page", b"new")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("page", b"new")]


def test_a_failed_write_leaves_the_old_file_alone(tmp_path):
    atomic_write(tmp_path / "page", b"old")
    with pytest.raises(TypeError):
        atomic_write(tmp_path / "page", "text")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("page", b"old")]
