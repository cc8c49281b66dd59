"""A bundle is what was written, or an error."""

from __future__ import annotations

import hashlib
import itertools
import json
import subprocess
import sys

import pytest

from penchant.core import BundleError, DamagedBundle, NewerBundle, UsageError
from penchant.store import FORMAT, Bundle, read_bundle, write_bundle
from penchant.store.manifest import opened

FILES = {"weights.bin": bytes(range(256)) * 64, "ids.json": b'["a", "b"]', "empty.bin": b""}


@pytest.fixture
def folder(tmp_path):
    write_bundle(tmp_path / "run", "recommender", FILES, {"model": "ease", "config": {"l2": 0.1}})
    return tmp_path / "run"


def reseal(folder, change):
    """Rewrite the manifest with a fitting checksum, as somebody who means harm would."""
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["sha256"]
    change(manifest)
    plain = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    manifest["sha256"] = hashlib.sha256(plain.encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_what_is_written_is_read(folder):
    bundle = read_bundle(folder, "recommender")
    assert isinstance(bundle, Bundle)
    assert bundle.files == FILES
    assert bundle.manifest["model"] == "ease"
    assert bundle.manifest["config"] == {"l2": 0.1}


def test_the_manifest_names_each_file_with_its_sum_and_size(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["format"] == FORMAT
    assert manifest["kind"] == "recommender"
    assert manifest["penchant"]
    assert manifest["created"].endswith("+00:00")
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}
    assert {name: entry["sha256"] for name, entry in manifest["files"].items()} == sums
    assert manifest["files"]["weights.bin"]["bytes"] == 256 * 64


def test_a_file_may_be_made_when_its_turn_comes(tmp_path):
    write_bundle(tmp_path / "run", "x", {"late.bin": lambda: b"made late"})
    assert read_bundle(tmp_path / "run").files == {"late.bin": b"made late"}


def test_nothing_but_the_bundle_is_left(folder):
    write_bundle(folder, "recommender", FILES)
    assert [path.name for path in folder.parent.iterdir()] == ["run"]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, "manifest.json"])


def flip(data: bytes) -> bytes:
    return data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 4]) + data[len(data) // 2 + 1 :]


DAMAGES = {
    "bit flipped": flip,
    "first byte flipped": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "cut short": lambda data: data[:-1],
    "emptied": lambda data: b"",
    "grown": lambda data: data + b"\0",
    "zeroed": lambda data: bytes(len(data)),
    "block zeroed": lambda data: data[:3] + bytes(4096)[: max(0, len(data) - 3)] + data[4099:],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("name", ["weights.bin", "ids.json", "manifest.json"])
def test_any_damage_to_any_file_is_one_clear_error(folder, name, damage):
    path = folder / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DamagedBundle, match=r"is damaged: .*Nothing of it was loaded"):
        read_bundle(folder)


def test_no_flipped_bit_of_the_manifest_goes_unnoticed(folder):
    original = (folder / "manifest.json").read_bytes()
    whole = opened(original, folder)
    noticed = 0
    for place, bit in itertools.product(range(len(original)), range(8)):
        data = bytearray(original)
        data[place] ^= 1 << bit
        try:
            assert opened(bytes(data), folder) == whole  # a blank that became another blank
        except BundleError:
            noticed += 1
    assert noticed > 7 * len(original.replace(b" ", b""))


@pytest.mark.parametrize("name", list(FILES))
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(DamagedBundle, match=f"{name} is missing"):
        read_bundle(folder)


def test_files_that_the_manifest_does_not_name_are_never_read(folder):
    (folder / "extra.py").write_text("raise SystemExit")
    assert read_bundle(folder).files == FILES


def test_two_files_cannot_change_places(folder):
    a, b = (folder / "weights.bin").read_bytes(), (folder / "ids.json").read_bytes()
    (folder / "weights.bin").write_bytes(b)
    (folder / "ids.json").write_bytes(a)
    with pytest.raises(DamagedBundle):
        read_bundle(folder)


def test_a_newer_format_says_what_to_upgrade(folder):
    reseal(folder, lambda manifest: manifest.update(format=FORMAT + 1, penchant="9.1"))
    with pytest.raises(NewerBundle, match=r"penchant 9\.1.*pip install --upgrade penchant"):
        read_bundle(folder)


@pytest.mark.parametrize(
    "name",
    ["../outside.bin", "/etc/hostname", "a/b.bin", ".hidden", "", "..", "manifest.json", "a\0b"],
)
def test_a_name_that_leaves_the_folder_is_refused(folder, name):
    (folder.parent / "outside.bin").write_bytes(b"secret")
    entry = {"sha256": hashlib.sha256(b"secret").hexdigest(), "bytes": 6}
    reseal(folder, lambda manifest: manifest["files"].update({name: entry}))
    with pytest.raises(DamagedBundle, match="cannot be one"):
        read_bundle(folder)


def test_a_link_is_not_followed(folder):
    outside = folder.parent / "outside.bin"
    (folder / "weights.bin").rename(outside)
    (folder / "weights.bin").symlink_to(outside)
    with pytest.raises(DamagedBundle, match="is a link"):
        read_bundle(folder)


SHAPES = {
    "no files": lambda manifest: manifest.pop("files"),
    "no kind": lambda manifest: manifest.pop("kind"),
    "files in a list": lambda manifest: manifest.update(files=[]),
    "a number for an entry": lambda manifest: manifest.update(files={"a.bin": 3}),
    "a text for a size": lambda manifest: manifest["files"]["ids.json"].update(bytes="x"),
    "a format in words": lambda manifest: manifest.update(format="1"),
    "true for a format": lambda manifest: manifest.update(format=True),
    "format 0": lambda manifest: manifest.update(format=0),
}


@pytest.mark.parametrize("change", SHAPES.values(), ids=SHAPES)
def test_a_manifest_of_another_shape_is_damaged(folder, change):
    reseal(folder, change)
    with pytest.raises(DamagedBundle):
        read_bundle(folder)


NOT_MANIFESTS = {
    "empty": b"",
    "a list": b"[]",
    "null": b"null",
    "no text": b"\xff\xfe",
    "a key twice": b'{"format": 1, "format": 1}',
    "too deep": b"[" * 99_999,
}


@pytest.mark.parametrize("content", NOT_MANIFESTS.values(), ids=NOT_MANIFESTS)
def test_a_manifest_that_is_no_manifest(folder, content):
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(DamagedBundle):
        read_bundle(folder)


def test_another_kind_of_bundle_is_named(folder):
    with pytest.raises(BundleError, match="of the kind 'recommender', not 'index'"):
        read_bundle(folder, "index")


def test_places_without_a_bundle(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "bare").mkdir()
    for name, words in [
        ("none", "does not exist"),
        ("file", "is a file"),
        ("bare", r"no manifest\.json"),
    ]:
        with pytest.raises(BundleError, match=words):
            read_bundle(tmp_path / name)


def test_a_folder_of_somebody_else_is_not_replaced(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="not one that penchant wrote"):
        write_bundle(tmp_path / "mine", "x", FILES)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_a_file_is_not_replaced(tmp_path):
    (tmp_path / "mine").write_text("years of work")
    with pytest.raises(UsageError, match="is a file"):
        write_bundle(tmp_path / "mine", "x", FILES)


def test_a_bundle_with_a_stranger_in_it_is_not_replaced(folder):
    (folder / "notes.txt").write_text("years of work")
    with pytest.raises(UsageError, match=r"'notes\.txt'.*would be lost"):
        write_bundle(folder, "x", FILES)


def test_an_empty_folder_may_be_used(tmp_path):
    (tmp_path / "run").mkdir()
    write_bundle(tmp_path / "run", "x", FILES)
    assert read_bundle(tmp_path / "run").files == FILES


def test_metadata_cannot_hide_the_manifest(tmp_path):
    with pytest.raises(BundleError, match="'files'"):
        write_bundle(tmp_path / "run", "x", FILES, {"files": {}})


def test_the_room_is_light():
    heavy = "{'polars', 'scipy', 'torch', 'safetensors'} & set(sys.modules)"
    code = f"import sys, penchant.store; print({heavy})"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
