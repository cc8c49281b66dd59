"""The gate: twenty good updates, and eleven that must not pass, before a service that is answering.

    python bench/gate/run.py                      # text-sequence on MovieLens-100K, about 10 minutes
    python bench/gate/run.py --model item-knn     # a quick look

The model learns the first half of the events (by time); the other half is told to the event log of a
service in twenty parts, and after each the loop of ``penchant learn`` takes a step. Then the folder is
copied once for each bad update, a service is started on the copy, lists are asked for all the while,
and the loop takes a step with it. Last, a worse model is forced through, and honest events come in:
how many questions pass until the one before is back? Writes result.json.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import poisons

from penchant.core import Event, PenchantError, quiet
from penchant.data import read_demo
from penchant.engine import Engine, by_name
from penchant.live.learning import LearnConfig, Learning, fitted_anew, learned_on
from penchant.serve import Client, Exchanged
from penchant.store import Registry
from penchant.store.log import open_log
from penchant.testing.service_process import ServiceProcess
from penchant.testing.streams import Stream, stream_of

HERE = Path(__file__).parent
PARTS = 20
FORCED = 100  # events between two looks at a model that was forced through


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="text-sequence")
    parser.add_argument("--out", type=Path, default=HERE / "result.json")
    args = parser.parse_args()
    with quiet(), tempfile.TemporaryDirectory() as room:
        # the last part is for what must not pass
        stream = stream_of(read_demo(), PARTS + 1)
        folder = Path(room) / "service"
        result: dict[str, Any] = {"model": args.model, "parts": PARTS}
        began = begin(args.model, stream, folder)
        result["good"], after = good(folder, stream, began)
        result["bad"] = bad(folder, stream, after)
        result["forced"] = forced(folder, stream, args.model)
    result["promoted"] = sum(row["did"] == "promoted" for row in result["good"])
    result["refused"] = sum(not row["promoted"] for row in result["bad"])
    args.out.write_text(json.dumps(result, indent=1) + "\n")
    print(f"good: {result['promoted']} of {PARTS} promoted")
    print(f"bad: {result['refused']} of {len(result['bad'])} refused")


def begin(model: str, stream: Stream, folder: Path) -> float:
    """A service's folder with a model of the first half; seconds of the fit."""
    start = time.perf_counter()
    fitted = by_name(model).fit(stream.data)
    seconds = time.perf_counter() - start
    run = folder.parent / "run"
    Engine.of(fitted).save(run)
    registry = Registry(folder / "models")
    registry.promote(registry.add(run).name)
    open_log(folder / "log").close()
    print(f"fitted in {seconds:.0f} s", flush=True)
    return seconds


def loop(folder: Path, log: Any, registry: Registry | None = None, update: Any = None) -> Learning:
    registry = registry or Registry(folder / "models")
    return Learning(
        folder,
        log,
        registry,
        Exchanged(registry),
        update=update or learned_on(),
        retune=fitted_anew(),
        config=LearnConfig(least=1000, watch=False),
    )


def good(folder: Path, stream: Stream, fit_seconds: float) -> tuple[list[dict], list[Event]]:
    rows = []
    with open_log(folder / "log") as log:
        learning = loop(folder, log)
        for number, part in enumerate(stream.parts[:PARTS]):
            log.append(part)
            start = time.perf_counter()
            found = learning.step("update")
            row = {"part": number, "did": found.did, "seconds": time.perf_counter() - start}
            newest = None if found.verdict is None else found.verdict.newest
            row |= {"why": found.why, "share": None if newest is None else newest.share}
            row["figures"] = {} if found.verdict is None else dict(found.verdict.figures)
            rows.append(row)
            print(f"good {number}: {found.did} in {row['seconds']:.1f} s: {found.why}", flush=True)
    return rows, stream.parts[PARTS]


def bad(folder: Path, stream: Stream, chunk: list[Event]) -> list[dict]:
    told = {
        "5 % fake users push one item": poisons.pushed(stream.data, chunk),
        "labels flipped": poisons.flipped(stream.data, chunk),
        "items by chance": poisons.noise(stream.data, chunk),
        "one client floods": poisons.one_client(stream.data, chunk),
        "a feed that says one item": poisons.broken_feed(stream.data, chunk),
    }
    taught = {
        "weights that are no numbers": poisons.with_state(poisons.not_numbers),
        "noise on the weights": poisons.with_state(poisons.shaken),
        "ids mixed up": poisons.mixed_up,
        "a rate a thousand times too high": poisons.diverged,
    }
    rows = [attempt(folder, name, events) for name, events in told.items()]
    rows.append(attempt(folder, "texts cut off", chunk, items=poisons.cut_texts(stream.data)))
    rows += [attempt(folder, name, chunk, update=teach) for name, teach in taught.items()]
    rows.append(attempt(folder, "a damaged file", chunk, damaged=True))
    return rows


def attempt(
    folder: Path,
    name: str,
    events: list[Event],
    *,
    items: list[dict[str, Any]] | None = None,
    update: Any = None,
    damaged: bool = False,
) -> dict[str, Any]:
    """A bad update, tried on a copy of the folder while a service answers from it."""
    copy = folder.parent / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    service = ServiceProcess("--data", copy)
    asking = Asking(service.url)
    try:
        with open_log(copy / "log") as log:
            log.append(events)
            if items:
                log.put_items(items)
            registry = poisons.Damaging(copy / "models") if damaged else Registry(copy / "models")
            before = registry.standing().current
            try:
                found = loop(copy, log, registry, update).step("update")
                did, why = found.did, found.why
                verdict = None if found.verdict is None else found.verdict.to_json()
            except PenchantError as error:
                did, why, verdict = "error", str(error), None
            promoted = registry.standing().current != before
    finally:
        asking.stop()
        service.end()
    row = {"update": name, "did": did, "promoted": promoted, "why": why, "verdict": verdict}
    row |= {"asked": asking.asked, "failed": asking.failed, "versions": sorted(asking.versions)}
    print(
        f"bad, {name}: {did}: {why[:150]}; asked {asking.asked}, failed {asking.failed}", flush=True
    )
    return row


def forced(folder: Path, stream: Stream, model: str) -> dict[str, Any]:
    """A worse model is promoted by hand; honest events come in until the one before is back."""
    registry = Registry(folder / "models")
    serving = Engine.load(registry.path(registry.standing().current or ""))
    worse = by_name("popularity").fit(stream.data)
    place = folder.parent / "worse"
    Engine.of(worse, serving.policy.config).save(place)
    Exchanged(registry).promote(registry.add(place).name, "forced through")
    with open_log(folder / "log") as log:
        registry = Registry(folder / "models")
        learning = Learning(
            folder,
            log,
            registry,
            Exchanged(registry),
            update=learned_on(),
            retune=fitted_anew(),
            config=LearnConfig(least=10**9),
        )
        part = stream.parts[PARTS]
        for start in range(0, len(part), FORCED):
            log.append(part[start : start + FORCED])
            found = learning.step()
            if found.did == "rolled back":
                print(f"forced: back after {start + FORCED} events: {found.why}", flush=True)
                return {"events": start + FORCED, "why": found.why}
    print("forced: never rolled back", flush=True)
    return {"events": None, "why": "never"}


class Asking:
    """Lists asked for, one after the other, until it is stopped."""

    def __init__(self, url: str) -> None:
        self.asked = self.failed = 0
        self.versions: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, args=(url,))
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()
        self._thread.join()

    def _ask(self, url: str) -> None:
        with Client(url, retries=0) as client:
            while not self._stop.is_set():
                self.asked += 1
                try:
                    self.versions.add(client.recommend(history=["1", "50"], k=10).model_version)
                except PenchantError:
                    self.failed += 1
                time.sleep(0.01)


if __name__ == "__main__":
    main()
