"""A search that must not be blind: a text is found however a file holds it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sqlite3
import zipfile

import numpy as np
import polars as pl
import pyarrow
import pytest

from penchant.testing.residues import search

TEXT = "Zoë of 日本"
PLAIN = f'{{"name": "{TEXT}"}}'.encode()


def parquet() -> bytes:
    file = io.BytesIO()
    pl.DataFrame({"text": [TEXT, "x" * 5000]}).write_parquet(file, compression="zstd")
    return file.getvalue()


def arrays() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, names=np.array([TEXT, "x"]))
    return file.getvalue()


def archive(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("one", content)
    return file.getvalue()


HELD = {
    "plain": PLAIN,
    "utf-16": TEXT.encode("utf-16"),
    "numpy's text": np.array([TEXT]).tobytes(),
    "escaped": b'"Zo\\u00eb of \\u65e5\\u672c"',
    "an address": b"GET /v1/users/Zo%C3%AB%20of%20%E6%97%A5%E6%9C%AC/events",
    "hex": TEXT.encode().hex().encode(),
    "gzip": gzip.compress(PLAIN),
    "bzip2": bz2.compress(PLAIN),
    "xz": lzma.compress(PLAIN),
    "zstd": pyarrow.compress(PLAIN, codec="zstd", asbytes=True),
    "zip": archive(PLAIN),
    "zip in zip": archive(archive(gzip.compress(PLAIN))),
    "npz": arrays(),
    "parquet": parquet(),
}


@pytest.mark.parametrize("how", HELD)
def test_a_text_is_found_however_it_is_held(tmp_path, how):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"\0" * 9 * (how == "plain") + HELD[how])
    found = search([TEXT, "nobody"], tmp_path)
    assert found.found == [f"{tmp_path / 'deep' / 'file'}: {TEXT}"]
    assert (found.files, found.residues) == (1, 1)


def test_what_cannot_be_unpacked_counts_as_a_residue(tmp_path):
    (tmp_path / "file.gz").write_bytes(gzip.compress(PLAIN)[:-9])
    found = search([TEXT], tmp_path)
    assert (found.found, found.opaque, found.residues) == ([], [str(tmp_path / "file.gz")], 1)


def test_a_database_is_searched_as_it_lies_on_the_disk(tmp_path):
    with sqlite3.connect(tmp_path / "db") as connection:
        connection.execute("CREATE TABLE t (text)")
        connection.execute("INSERT INTO t VALUES (?)", (TEXT,))
    connection.close()
    assert search([TEXT], tmp_path / "db").residues == 1
    assert search(["somebody else"], tmp_path / "db").residues == 0
