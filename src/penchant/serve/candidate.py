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
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from penchant.core import Factored, Overloaded, PenchantError
from penchant.engine import Engine, Golden, golden_of

_TOLD = 5  # problems told of one kind
_LOOK = 0.2  # seconds between two looks at the clock


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found.

    Attributes:
        problems: why it may not answer; none where it may.
        figures: ``items``, ``questions``, ``load_seconds``, ``slowest_seconds``, ``memory_bytes``.
    """

    problems: tuple[str, ...]
    figures: dict[str, float] = field(default_factory=dict)


def examine(
    bundle: Path, golden_seconds: float, load_seconds: float, stop: threading.Event | None = None
) -> Examined:
    """Load a bundle in a child process and ask it.

    Args:
        bundle: its folder.
        golden_seconds: most seconds for one question.
        load_seconds: most seconds for all of it.
        stop: ends the child when it is set.

    Raises:
        Overloaded: it was stopped.
    """
    command = [sys.executable, "-m", __name__, str(bundle), repr(golden_seconds)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}  # beside a service that is answering
    until = time.monotonic() + load_seconds
    child = subprocess.Popen(  # noqa: S603 - this interpreter, this module
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    with child:
        while True:
            try:
                out, err = child.communicate(timeout=min(_LOOK, load_seconds))
                break
            except subprocess.TimeoutExpired:
                if stop is not None and stop.is_set():
                    child.kill()
                    raise Overloaded("The service is stopping.", 10) from None
                if time.monotonic() > until:
                    child.kill()
                    late = f"It was not loaded and asked within {load_seconds:g} s."
                    return Examined((late,))
    try:
        found = json.loads(out.rpartition(b"\n")[2])  # behind whatever a library printed
        return Examined(tuple(found["problems"]), found["figures"])
    except (ValueError, KeyError, TypeError):
        last = err.decode(errors="replace").strip().rpartition("\n")[2][:300]
        why = f": {last}" if last else "."
        return Examined((f"The process that loaded it ended with status {child.returncode}{why}",))


def asked(
    engine: Engine, golden: Sequence[Golden], golden_seconds: float, *, compare: bool = True
) -> Examined:
    """Ask an engine questions that were answered before.

    Args:
        engine: a loaded one.
        golden: of its bundle. A bundle without any is asked what it would have kept, which shows
            whether it answers at all and how fast.
        golden_seconds: most seconds for one question, the second time it is asked.
        compare: whether the lists must be those of the golden questions: not where the policy is
            another, or items were put since.
    """
    golden = golden or engine.golden()
    problems = _empty(engine) if compare else []
    engine.answers([one.ask for one in golden])  # warm
    engine.forget()
    slowest = 0.0
    wrong: dict[str, list[int]] = {}
    for place, one in enumerate(golden):
        began = time.perf_counter()
        (answer,) = engine.answers([one.ask], now=0.0)
        slowest = max(slowest, time.perf_counter() - began)
        if isinstance(answer, PenchantError):
            wrong.setdefault(str(answer), []).append(place)
        elif not all(math.isfinite(item.score) for item in answer.items):
            wrong.setdefault("a score is not a number.", []).append(place)
        elif compare and not one.agrees(answer):
            what = "not the list that was answered when it was saved."
            wrong.setdefault(what, []).append(place)
    if slowest > golden_seconds:
        problems.append(
            f"A question took {slowest:.3g} s; at most {golden_seconds:g} s are allowed."
        )
    figures = {
        "items": float(len(engine.catalogue)),
        "questions": float(len(golden)),
        "slowest_seconds": slowest,
    }
    differ = [f"{_questions(places)}: {what}" for what, places in wrong.items()]
    return Examined((*problems, *differ[:_TOLD]), figures)


def _questions(places: Sequence[int]) -> str:
    if len(places) == 1:
        return f"Question {places[0]}"
    return f"Questions {', '.join(map(str, places))}"


def _empty(engine: Engine) -> list[str]:
    """Whether there is nothing to recommend from; lists would be filled with what is popular."""
    if not len(engine.catalogue):
        return ["Its catalogue is empty."]
    model, index = engine.recommender.model, engine.status()["index"]
    if index is None or not isinstance(model, Factored):
        return []
    placed = int(np.any(model.item_vectors(), axis=1).sum())
    if not placed:
        return ["Its index is empty: no item has a vector."]
    if index["items"] < placed:
        return [f"Its index holds {index['items']:,} of the {placed:,} items with a vector."]
    return []


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
    sys.stdout.write("\n" + json.dumps(asdict(found)))
    return 0


def _memory() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss)


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
