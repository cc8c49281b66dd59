"""Whatever moment a writer dies, there is the old bundle or the new one."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time

import pytest

from penchant.core import BundleError, UsageError
from penchant.store import atomic_write, read_bundle, swap, write_bundle

OLD = {"a.bin": b"old a", "b.bin": b"old b"}
NEW = {"a.bin": b"new a, longer", "b.bin": b"new b"}

WRITER = """
import os, signal, sys
from pathlib import Path
from penchant.store import bundle, swap
path, wanted, exchange = sys.argv[1:]
def die(point):
    if point == wanted:
        os.kill(os.getpid(), signal.SIGKILL)
def dying(call, name):
    def wrapped(*args, **kwargs):
        result = call(*args, **kwargs)
        wrapped.calls += 1
        die(f"{name} {wrapped.calls}")
        return result
    wrapped.calls = 0
    return wrapped
if exchange == "no":
    swap._exchange = lambda one, other: False
Path.rename = dying(Path.rename, "renamed")
bundle.shutil.rmtree = dying(bundle.shutil.rmtree, "removed")
bundle.hold = dying(bundle.hold, "begun")
os.fsync = dying(os.fsync, "synced")
new = {"a.bin": b"new a, longer", "b.bin": b"new b"}
bundle.write_bundle(path, "x", new)
"""


def write(path, point: str, exchange: str = "yes") -> int:
    call = [sys.executable, "-c", WRITER, str(path), point, exchange]
    return subprocess.run(call, check=False).returncode


# begun, both files, the manifest, the folder: then the names are exchanged
BEFORE = ["begun 1", "synced 1", "synced 2", "synced 3", "synced 4"]


@pytest.mark.parametrize("point", BEFORE)
def test_killed_before_the_first_bundle_is_whole_leaves_none(tmp_path, point):
    assert write(tmp_path / "run", point) == -9
    with pytest.raises(BundleError, match="does not exist"):
        read_bundle(tmp_path / "run")
    write_bundle(tmp_path / "run", "x", NEW)
    assert read_bundle(tmp_path / "run").files == NEW


@pytest.mark.parametrize("point", [*BEFORE, "synced 5", "removed 1"])
def test_killed_while_replacing_leaves_the_old_or_the_new(tmp_path, point):
    write_bundle(tmp_path / "run", "x", OLD)
    assert write(tmp_path / "run", point) == -9
    assert read_bundle(tmp_path / "run").files == (OLD if point in BEFORE else NEW)
    write_bundle(tmp_path / "run", "x", NEW)
    assert read_bundle(tmp_path / "run").files == NEW


@pytest.mark.parametrize(
    ("point", "files"), [("renamed 1", OLD), ("renamed 2", NEW), ("renamed 3", NEW)]
)
def test_killed_between_two_renames_where_names_cannot_be_exchanged(tmp_path, point, files):
    write_bundle(tmp_path / "run", "x", OLD)
    assert write(tmp_path / "run", point, exchange="no") == -9
    assert (tmp_path / "run").exists() is (files is NEW)
    assert read_bundle(tmp_path / "run").files == files
    assert write(tmp_path / "run", "synced 2", exchange="no") == -9  # and once more, unluckily
    assert read_bundle(tmp_path / "run").files == files
    write_bundle(tmp_path / "run", "x", NEW)
    assert read_bundle(tmp_path / "run").files == NEW


def test_without_a_kill_the_two_renames_leave_nothing_behind(tmp_path):
    write_bundle(tmp_path / "run", "x", OLD)
    assert write(tmp_path / "run", "never", exchange="no") == 0
    assert read_bundle(tmp_path / "run").files == NEW
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_leftovers_of_the_dead_are_swept_and_writers_at_work_are_spared(tmp_path):
    write(tmp_path / "run", "synced 2")
    (left,) = tmp_path.iterdir()
    os.utime(left, (time.time() - 3600,) * 2)
    busy = tmp_path / ".run.0123456789ab.part"
    busy.mkdir()
    lock = swap.hold(busy)
    os.utime(busy, (time.time() - 3600,) * 2)
    write_bundle(tmp_path / "run", "x", NEW)
    assert sorted(path.name for path in tmp_path.iterdir()) == [busy.name, "run"]
    os.close(lock)
    write_bundle(tmp_path / "run", "x", NEW)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_full_disk_is_an_error_and_the_old_bundle_stays(tmp_path, monkeypatch):
    write_bundle(tmp_path / "run", "x", OLD)

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("penchant.store.atomic.os.fsync", full)
    with pytest.raises(BundleError, match="No space left on device"):
        write_bundle(tmp_path / "run", "x", NEW)
    assert read_bundle(tmp_path / "run").files == OLD
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_failure_while_a_file_is_made_leaves_the_old_bundle(tmp_path):
    write_bundle(tmp_path / "run", "x", OLD)

    def fails() -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_bundle(tmp_path / "run", "x", {"a.bin": b"", "b.bin": fails})
    assert read_bundle(tmp_path / "run").files == OLD
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


READER = """
import sys
from penchant.store import read_bundle
for _ in range(int(sys.argv[2])):
    files = read_bundle(sys.argv[1]).files
    assert len({data[:3] for data in files.values()}) == 1, files
"""


def test_a_reader_never_sees_two_bundles_mixed(tmp_path):
    write_bundle(tmp_path / "run", "x", OLD)
    with subprocess.Popen([sys.executable, "-c", READER, str(tmp_path / "run"), "300"]) as reader:
        turn = 0
        while reader.poll() is None:
            turn += 1
            write_bundle(tmp_path / "run", "x", (OLD, NEW)[turn % 2])
    assert reader.returncode == 0
    assert turn > 3


def test_an_atomic_write_replaces_the_whole_file(tmp_path):
    atomic_write(tmp_path / "x", b"one")
    atomic_write(tmp_path / "x", b"two")
    assert (tmp_path / "x").read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_an_atomic_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    atomic_write(tmp_path / "x", b"one")
    monkeypatch.setattr("penchant.store.atomic.os.fsync", lambda descriptor: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        atomic_write(tmp_path / "x", b"two")
    assert (tmp_path / "x").read_bytes() == b"one"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_device_is_not_replaced_and_a_link_stays(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="no file that can be replaced"):
        atomic_write(tmp_path / "pipe", b"x")
    assert (tmp_path / "pipe").is_fifo()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    atomic_write(tmp_path / "link", b"x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"x"


def test_a_bundle_can_be_moved_and_copied(tmp_path):
    write_bundle(tmp_path / "run", "x", NEW)
    shutil.copytree(tmp_path / "run", tmp_path / "copy")
    (tmp_path / "run").rename(tmp_path / "moved")
    assert read_bundle(tmp_path / "copy").files == read_bundle(tmp_path / "moved").files == NEW
