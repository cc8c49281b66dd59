"""Whatever moment a process dies while it promotes a model, a whole one answers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from penchant.store import Registry, read_bundle, write_bundle

PROMOTER = """
import os, signal, sys
from pathlib import Path
folder, run, wanted = sys.argv[1:]
from penchant.store import Registry
done = 0
def dying(call):
    def wrapped(*args, **kwargs):
        global done
        result = call(*args, **kwargs)
        done += 1
        if done == int(wanted):
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return wrapped
os.fsync = dying(os.fsync)
Path.replace, Path.rename = dying(Path.replace), dying(Path.rename)
registry = Registry(folder)
registry.promote(registry.add(run).name)
print(done)
"""


def promote(folder: Path, run: Path, wanted: int) -> int:
    """Promote a run in a process that dies after so many writes; how many it did, or -1 if it died."""
    call = [sys.executable, "-c", PROMOTER, str(folder), str(run), str(wanted)]
    done = subprocess.run(call, check=False, capture_output=True, text=True)
    assert done.returncode in (0, -9), done.stderr
    return int(done.stdout) if done.returncode == 0 else -1


@pytest.mark.slow
def test_a_promotion_that_is_killed_anywhere_leaves_the_old_model_or_the_new(tmp_path: Path):
    for name in ("old", "new"):
        write_bundle(tmp_path / name, "x", {"a.bin": name.encode(), "b.bin": b"same"})
    known = {}
    wanted, seen = 1, set()
    while True:
        folder = tmp_path / f"models-{wanted}"
        registry = Registry(folder)
        known["old"] = registry.add(tmp_path / "old").name
        registry.promote(known["old"])
        finished = promote(folder, tmp_path / "new", wanted) >= 0
        standing = registry.standing()
        assert standing.current is not None
        content = read_bundle(registry.path(standing.current)).files["a.bin"]
        assert content == (b"old" if standing.current == known["old"] else b"new")
        seen.add(content)
        for left in (folder / "bundles").glob(".*"):
            os.utime(left, (time.time() - 3600,) * 2)
        # nobody has to mend anything: the same again is done, and nothing is left over
        registry.promote(registry.add(tmp_path / "new").name)
        assert read_bundle(registry.path(registry.standing().current)).files["a.bin"] == b"new"
        if finished:
            break
        wanted += 1
    assert wanted > 10  # moments that were tried
    assert seen == {b"old", b"new"}
