"""Who is measured, with which settings, and how a worker is run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
DIM, LAYERS, HEADS, HISTORY, TOKENS, NEGATIVES = 128, 2, 2, 50, 4096, 2048
ROWS = round(TOKENS / HISTORY)  # histories in a batch of a peer that pads each to the longest
RECTOOLS_NEGATIVES = 256  # an event; a vector is copied for each, so 2048 would need 13 GB a batch


@dataclass(frozen=True)
class Contender:
    """A peer with one set of settings, and whether it is also trained to the target."""

    peer: str
    name: str
    settings: dict
    to_target: bool = False


PENCHANT = {
    "dim": DIM,
    "layers": LAYERS,
    "heads": HEADS,
    "history": HISTORY,
    "batch_tokens": TOKENS,
    "negatives": NEGATIVES,
}
RECTOOLS = {"n_factors": DIM, "n_blocks": LAYERS, "n_heads": HEADS, "session_max_len": HISTORY}
SAMPLED = RECTOOLS | {"loss": "sampled_softmax", "n_negatives": RECTOOLS_NEGATIVES}
SOFTMAX = f"sampled softmax, {RECTOOLS_NEGATIVES} negatives"
RECBOLE = {
    "hidden_size": DIM,
    "inner_size": 4 * DIM,
    "n_layers": LAYERS,
    "n_heads": HEADS,
    "MAX_ITEM_LIST_LENGTH": HISTORY,
}
CONTENDERS = (
    Contender("rectools", f"{SOFTMAX}, its batch of 128 histories", SAMPLED, to_target=True),
    Contender("rectools", f"{SOFTMAX}, {ROWS} histories", SAMPLED | {"batch_size": ROWS}),
    Contender("rectools", "full softmax, its batch of 128 histories", RECTOOLS),
    Contender(
        "rectools", "sampled softmax, its 1 negative", SAMPLED | {"n_negatives": 1}, to_target=True
    ),
    Contender("recbole", "full softmax, its batch of 2048 prefixes", RECBOLE),
    Contender(
        "recbole",
        f"full softmax, {ROWS} prefixes",
        RECBOLE | {"train_batch_size": ROWS},
        to_target=True,
    ),
)


class WorkerFailedError(Exception):
    """A worker ended without its last message; holds the end of what it printed."""


Answer = Callable[[dict], bool]


def work(python: Path, worker: str, job: dict, folder: Path, go_on: Answer | None = None) -> dict:
    """Run one worker to its last message, which is returned.

    Args:
        python: interpreter of its environment.
        worker: file name in workers/, without ``_worker.py``.
        job: what it is told.
        folder: where it runs and may write.
        go_on: answers each message that asks; without it the worker asks nothing.

    Raises:
        WorkerFailedError: it ended with an error.
    """
    log = folder / "log.txt"
    with _started(python, worker, folder, log) as process:
        message: dict = {}
        with suppress(BrokenPipeError):  # it died at once: its log says why
            _say(process, json.dumps(job))
        for line in process.stdout or ():
            message = json.loads(line)
            if go_on is not None and "train_seconds" in message:
                _say(process, "go" if go_on(message) else "stop")
    if process.returncode or "versions" not in message:
        raise WorkerFailedError(f"{worker}'s worker failed:\n" + log.read_text()[-2000:])
    return message


@contextmanager
def _started(python: Path, worker: str, folder: Path, log: Path) -> Iterator[subprocess.Popen[str]]:
    with log.open("w") as errors:
        process = subprocess.Popen(
            [str(python), str(HERE / "workers" / f"{worker}_worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=folder,
            env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
        )
        try:
            yield process
        except BaseException:
            process.kill()
            raise
        finally:
            process.communicate()


def _say(process: subprocess.Popen[str], words: str) -> None:
    if process.stdin is None:
        raise WorkerFailedError("no pipe to the worker")
    process.stdin.write(words + "\n")
    process.stdin.flush()


def pythons(folder: Path) -> dict[str, Path]:
    """The interpreters, the peers' made by setup.sh on the first call."""
    found = {peer: folder / peer / "bin" / "python" for peer in ("rectools", "recbole")}
    if not all(path.exists() for path in found.values()):
        print(f"making the peers' environments in {folder} (minutes)", flush=True)
        subprocess.run(["sh", str(HERE / "setup.sh"), str(folder)], check=True)
    return found | {"penchant": Path(sys.executable)}
