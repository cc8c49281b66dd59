"""A model looked at in a process of its own, before it may answer anybody.

What is damaged enough to crash a loader crashes here. The child loads the bundle, asks the questions
that were answered when it was saved, and tells in JSON what it found.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from penchant.core import PenchantError
from penchant.engine import Engine, Golden, golden_of

_TOLD = 5  # problems told of one kind


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found.

    Attributes:
        problems: why it may not answer; none where it may.
        figures: ``items``, ``questions``, ``load_seconds``, ``slowest_seconds``, ``memory_bytes``.
    """

    problems: tuple[str, ...]
    figures: dict[str, float] = field(default_factory=dict)


def examine(bundle: Path, golden_seconds: float, load_seconds: float) -> Examined:
    """Load a bundle in a child process and ask it.

    Args:
        bundle: its folder.
        golden_seconds: most seconds for one question.
        load_seconds: most seconds for all of it.
    """
    command = [sys.executable, "-m", __name__, str(bundle), repr(golden_seconds)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}  # beside a service that is answering
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter, this module
            command, capture_output=True, timeout=load_seconds, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        return Examined((f"It was not loaded and asked within {load_seconds:g} s.",))
    try:
        found = json.loads(done.stdout)
        return Examined(tuple(found["problems"]), found["figures"])
    except (ValueError, KeyError, TypeError):
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2][:300]
        why = f": {last}" if last else "."
        return Examined((f"The process that loaded it ended with status {done.returncode}{why}",))


def asked(engine: Engine, golden: Sequence[Golden], golden_seconds: float) -> Examined:
    """Ask an engine questions that were answered before.

    Args:
        engine: a loaded one.
        golden: of its bundle. A bundle without any is asked what it would have kept, which shows
            whether it answers at all and how fast.
        golden_seconds: most seconds for one question, the second time it is asked.
    """
    golden = golden or engine.golden()
    problems = [] if len(engine.catalogue) else ["Its catalogue is empty."]
    engine.answers([one.ask for one in golden])  # warm
    engine.forget()
    slowest = 0.0
    differ = []
    for place, one in enumerate(golden):
        began = time.perf_counter()
        (answer,) = engine.answers([one.ask], now=0.0)
        slowest = max(slowest, time.perf_counter() - began)
        if isinstance(answer, PenchantError):
            differ.append(f"Question {place}: {answer}")
        elif not all(math.isfinite(item.score) for item in answer.items):
            differ.append(f"Question {place}: a score is not a number.")
        elif not one.agrees(answer):
            differ.append(f"Question {place}: not the list that was answered when it was saved.")
    if slowest > golden_seconds:
        problems.append(
            f"A question took {slowest:.3g} s; at most {golden_seconds:g} s are allowed."
        )
    figures = {
        "items": float(len(engine.catalogue)),
        "questions": float(len(golden)),
        "slowest_seconds": slowest,
    }
    return Examined((*problems, *differ[:_TOLD]), figures)


def _main(argv: Sequence[str]) -> int:
    bundle, golden_seconds = Path(argv[0]), float(argv[1])
    began = time.perf_counter()
    try:
        engine = Engine.load(bundle)
        loaded = time.perf_counter() - began
        found = asked(engine, golden_of(bundle), golden_seconds)
        figures: dict[str, Any] = {**found.figures, "load_seconds": loaded}
        found = Examined(found.problems, figures | {"memory_bytes": _memory()})
    except PenchantError as error:
        found = Examined((str(error),))
    sys.stdout.write(json.dumps(asdict(found)))
    return 0


def _memory() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss)


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
