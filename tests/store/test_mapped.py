"""Files of a bundle that are written in pieces and opened where they lie."""

from __future__ import annotations

import pytest

from penchant.core import BundleError, DamagedBundle
from penchant.store import Streamed, map_bundle, read_bundle, write_bundle

PIECES = [b"one ", b"", memoryview(b"two "), b"three"]


def all_pieces(take):
    for piece in PIECES:
        take(piece)


@pytest.fixture
def folder(tmp_path):
    write_bundle(tmp_path / "x", "index", {"large": Streamed(all_pieces), "small": b"s"}, {"a": 1})
    return tmp_path / "x"


def opened(folder, manifest):
    return {name: (folder / name).read_bytes() for name in manifest["files"]}, manifest["a"]


def test_pieces_become_one_file(folder):
    assert read_bundle(folder).files == {"large": b"one two three", "small": b"s"}


def test_a_checked_bundle_is_opened_where_it_lies(folder):
    assert map_bundle(folder, "index", opened) == ({"large": b"one two three", "small": b"s"}, 1)


@pytest.mark.parametrize("damage", [b"one two thrEe", b"one two", b"one two three!"])
def test_what_is_damaged_is_not_opened(folder, damage):
    (folder / "large").write_bytes(damage)
    with pytest.raises(DamagedBundle):
        map_bundle(folder, "index", lambda *_: pytest.fail("it was opened"))


def test_another_kind_is_not_opened(folder):
    with pytest.raises(BundleError, match="'index', not 'model'"):
        map_bundle(folder, "model", lambda *_: pytest.fail("it was opened"))


def test_a_bundle_that_is_replaced_meanwhile_is_opened_again(folder):
    """Files are opened by name, so what was checked may not be what was opened."""
    seen = []

    def load(folder, manifest):
        seen.append(manifest["a"])
        if len(seen) == 1:
            write_bundle(folder, "index", {"large": b"new", "small": b"n"}, {"a": 2})
        return opened(folder, manifest)

    assert map_bundle(folder, "index", load) == ({"large": b"new", "small": b"n"}, 2)
    assert seen == [1, 2]


def test_what_goes_wrong_while_pieces_are_written_leaves_the_old_one(folder):
    def breaks(take):
        take(b"half")
        raise OSError("no space left on device")

    with pytest.raises(BundleError, match="could not be written"):
        write_bundle(folder, "index", {"large": Streamed(breaks)})
    assert map_bundle(folder, "index", opened)[1] == 1
    assert [path.name for path in folder.parent.iterdir()] == ["x"]
