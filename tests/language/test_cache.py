"""A second run encodes only what changed, and no accident gives a wrong vector."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from penchant.language import cache_folder, encode_texts, kept_vectors, shards
from penchant.language.cache import SHARDS
from penchant.testing import FakeEncoder

TEXTS = tuple(f"film {n} of {n % 7} robots" for n in range(40))


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "vectors" / FakeEncoder.digest[:16]


def encoded(encoder: FakeEncoder) -> list[str]:
    return [text for call in encoder.calls for text in call]


def right() -> np.ndarray:
    return FakeEncoder().encode(TEXTS)


def test_vectors_come_in_the_order_of_the_texts():
    assert np.array_equal(encode_texts(FakeEncoder(), TEXTS), right())


def test_a_text_that_stands_twice_is_encoded_once():
    encoder = FakeEncoder()
    vectors = encode_texts(encoder, ("a b", "c", "a b", ""))
    assert sorted(encoded(encoder)) == ["", "a b", "c"]
    assert np.array_equal(vectors[0], vectors[2])


def test_a_second_run_encodes_only_what_changed():
    encode_texts(FakeEncoder(), TEXTS)
    again = FakeEncoder()
    vectors = encode_texts(again, (*TEXTS, "something new"))
    assert encoded(again) == ["something new"]
    assert np.array_equal(vectors[:-1], right())


def test_a_file_is_read_whole_once_and_not_for_texts_that_it_lacks(monkeypatch):
    encode_texts(FakeEncoder(), TEXTS)
    read = []
    whole = shards.read_whole
    monkeypatch.setattr(shards, "read_whole", lambda path: read.append(path) or whole(path))
    for n in range(5):
        encode_texts(FakeEncoder(), (*TEXTS[n:], f"something new {n}"))
    assert len(read) == len(set(read)), "each of them once, however often it is asked for"
    before = len(read)
    third = FakeEncoder()
    assert np.array_equal(encode_texts(third, TEXTS[::-1]), right()[::-1])
    assert len(read) <= before + 1
    assert not encoded(third)


def test_nothing_is_remembered_of_files_that_are_gone(cache):
    for n in range(SHARDS + 2):
        encode_texts(FakeEncoder(), (f"film {n}",))
    encode_texts(FakeEncoder(), ("one more",))
    known = {path for path in shards._CHECKED if path.parent == cache}
    assert known <= set(cache.glob("*.safetensors"))


def test_vectors_are_had_without_their_encoder_where_all_were_made():
    digest = FakeEncoder.digest
    assert kept_vectors(digest, TEXTS) is None
    encode_texts(FakeEncoder(), TEXTS)
    kept = kept_vectors(digest, TEXTS)
    assert kept is not None
    assert np.array_equal(kept, right())
    assert kept_vectors(digest, (*TEXTS, "something new")) is None
    assert kept_vectors("0" * 64, TEXTS) is None


def test_without_the_cache_nothing_is_read_or_written(cache):
    encode_texts(FakeEncoder(), TEXTS)
    files = sorted(cache.iterdir())
    again = FakeEncoder()
    encode_texts(again, (*TEXTS, "x"), cache=False)
    assert len(encoded(again)) == 41
    assert sorted(cache.iterdir()) == files


def test_no_texts_at_all():
    assert encode_texts(FakeEncoder(), ()).shape == (0, 16)


def test_another_encoder_has_vectors_of_its_own():
    encode_texts(FakeEncoder(), TEXTS)
    other = FakeEncoder()
    other.digest = "f" * 64
    encode_texts(other, TEXTS)
    assert len(encoded(other)) == len(TEXTS)


def flip(path):
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)


def zero(path):
    data = bytearray(path.read_bytes())
    data[-64:] = bytes(64)
    path.write_bytes(data)


DAMAGES = {
    "a flipped bit": flip,
    "a zeroed block": zero,
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "emptied": lambda path: path.write_bytes(b""),
    "noise": lambda path: path.write_bytes(os.urandom(3000)),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_said_ignored_and_replaced(cache, damage, caplog):
    encode_texts(FakeEncoder(), TEXTS)
    (shard,) = cache.glob("*.safetensors")
    damage(shard)
    again = FakeEncoder()
    with caplog.at_level(logging.WARNING):
        assert np.array_equal(encode_texts(again, TEXTS), right())
    assert len(encoded(again)) == len(TEXTS)
    assert "damaged, encoding again" in caplog.text
    third = FakeEncoder()
    assert np.array_equal(encode_texts(third, TEXTS), right())
    assert not encoded(third)


def test_what_a_killed_writer_left_is_never_read(cache):
    encode_texts(FakeEncoder(), TEXTS)
    (shard,) = cache.glob("*.safetensors")
    aside = cache / f".{shard.name}.0123456789ab.part"
    shard.rename(aside)
    again = FakeEncoder()
    assert np.array_equal(encode_texts(again, TEXTS), right())
    assert len(encoded(again)) == len(TEXTS)
    os.utime(aside, (time.time() - 2 * 86_400,) * 2)
    encode_texts(FakeEncoder(), ("one more",))
    assert not aside.exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from penchant.language import encode_texts
from penchant.testing import FakeEncoder
import penchant.store.atomic as atomic
steps = int(sys.argv[1])
def counted(call):
    def step(*args, **kwargs):
        global steps
        steps -= 1
        if steps < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **kwargs)
    return step
atomic.os.fsync = counted(os.fsync)
Path.replace = counted(Path.replace)
texts = tuple(f"film {n} of {n % 7} robots" for n in range(40))
encode_texts(FakeEncoder(), texts[:20])
encode_texts(FakeEncoder(), texts)
"""


@pytest.mark.parametrize("step", range(6))
def test_a_process_killed_while_it_writes_costs_work_and_nothing_else(step):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(step)], check=False)
    assert killed.returncode == -9
    again = FakeEncoder()
    assert np.array_equal(encode_texts(again, TEXTS), right())
    assert len(encoded(again)) == (40 if step < 2 else 20 if step < 5 else 0)


def test_many_small_files_are_written_together(cache):
    for text in TEXTS:
        encode_texts(FakeEncoder(), (text,))
    assert len(list(cache.glob("*.safetensors"))) <= SHARDS
    again = FakeEncoder()
    assert np.array_equal(encode_texts(again, TEXTS), right())
    assert not encoded(again)


def test_many_writers_at_once():
    def run(start: int) -> np.ndarray:
        return np.concatenate([encode_texts(FakeEncoder(), TEXTS[n::4]) for n in range(start, 4)])

    with ThreadPoolExecutor(8) as pool:
        for start, got in zip([0, 1, 2, 3] * 8, pool.map(run, [0, 1, 2, 3] * 8), strict=True):
            wanted = np.concatenate([right()[n::4] for n in range(start, 4)])
            assert np.array_equal(got, wanted)


def test_a_cache_that_cannot_be_written_does_no_harm(monkeypatch, tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "file"))
    with caplog.at_level(logging.WARNING):
        assert np.array_equal(encode_texts(FakeEncoder(), TEXTS), right())
    assert "could not be cached" in caplog.text


def test_the_cache_lies_where_the_platform_keeps_caches(monkeypatch, tmp_path):
    monkeypatch.delenv("PENCHANT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache_folder() == tmp_path / "penchant"


def test_shards_that_another_process_wrote_together_first_are_no_accident(cache, monkeypatch):
    from penchant.language import VectorCache

    store = VectorCache(FakeEncoder.digest, FakeEncoder.dim)
    encode_texts(FakeEncoder(), TEXTS[:5])
    (shard,) = cache.iterdir()
    monkeypatch.setattr(store, "_shards", lambda: [shard, cache / "gone.safetensors"])
    shard.unlink()
    store._write_together()
    assert list(cache.iterdir()) == []
