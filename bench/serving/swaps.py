"""Models exchanged while lists are asked for, and seven that must not answer.

    python bench/serving/swaps.py --run RUN

RUN is a saved ``text-sequence`` model. It takes turns with two others, made here of the same events:
one is promoted, which loads it in every process, then the one before is gone back to. Lists come at a
steady rate all the while. Failed is an answer other than 200, or none. Mixed is an answer that is not
the list which the version that it names gives by itself; late, one of the old version to a question
that was sent after the new one had been promoted, or had answered anybody. Linux.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from bad_models import make_bad
from load import open_loop
from run import machine
from server import penchant
from stages import Questions, warm

from penchant.core import ServiceError
from penchant.data import Dataset
from penchant.engine import Ask, Engine, ItemKNN, Past, load
from penchant.serve import Client

HERE = Path(__file__).parent
SETTINGS = "[serve]\ngolden_seconds = 0.1\n"
QUESTIONS, CHUNK = 200, 2.0
OTHERS = {"second": 50, "third": 3}
"""Models that RUN takes turns with, and the neighbours of an item in each."""

Lists = dict[str, list[list[str]]]
"""By version, the list of each question."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer."""

    sent: float
    heard: float
    question: int
    version: str
    items: list[str]


@dataclass(frozen=True, slots=True)
class Turn:
    """A swap: when it was asked for and when it was acknowledged, and who answers since."""

    asked: float
    done: float
    version: str


class Load:
    """Lists asked for at a rate, for as long as a block runs."""

    def __init__(self, port: int, requests: Sequence[bytes], rate: float) -> None:
        self._port, self._requests, self._rate = port, requests, rate
        self._place = {request: place for place, request in enumerate(requests)}
        self._ended = threading.Event()
        self.heard: list[Heard] = []
        self.failed: Counter[str] = Counter()
        self.latencies: list[float] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        """Ask while the block runs."""
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def figures(self, lists: Lists) -> dict[str, Any]:
        """What became of the requests."""
        return {
            "answers": len(self.heard),
            "failed": self.failed.total(),
            "failures": dict(self.failed),
            "mixed": unlike(self.heard, lists),
            "versions_heard": len({one.version for one in self.heard}),
            "p50_ms": round(float(np.quantile(self.latencies, 0.5)) * 1e3, 1),
            "p99_ms": round(float(np.quantile(self.latencies, 0.99)) * 1e3, 1),
            "max_ms": round(max(self.latencies) * 1e3, 1),
        }

    def _run(self) -> None:
        draw = np.random.default_rng(0)
        while not self._ended.is_set():
            places = draw.integers(0, len(self._requests), int(self._rate * CHUNK)).tolist()
            asked = [self._requests[place] for place in places]
            before = len(self.heard)
            try:
                found = open_loop(self._port, asked, self._rate, connections=16, heard=self._hear)
                self.latencies += found.latencies
            except OSError:  # a connection that was closed, or no answer at all
                self.failed["no answer"] += len(asked) - (len(self.heard) - before)

    def _hear(self, request: bytes, sent: float, status: int, body: bytes) -> None:
        if status != 200:
            self.failed[f"{status} {json.loads(body)['type'].rpartition(':')[2]}"] += 1
            return
        told = json.loads(body)
        items = [one["item_id"] for one in told["items"]]
        place, version = self._place[request], told["model_version"]
        self.heard.append(Heard(sent, time.perf_counter(), place, version, items))


def make_models(run: Path, folder: Path) -> None:
    """The three that take turns, in folders beside each other."""
    Engine.load(run).save(folder / "first")
    trained = load(run)
    data = Dataset(trained.interactions, trained.catalogue, name="swaps")
    for name, neighbours in OTHERS.items():
        Engine.of(ItemKNN(neighbours=neighbours).fit(data)).save(folder / name)


def alone(run: Path, bodies: Sequence[dict[str, Any]]) -> list[list[str]]:
    """The list that a model gives to each question, in this process, asked one at a time."""
    engine = Engine.load(run)
    asks = [Ask(past=tuple(map(Past, body["history"])), k=body["k"]) for body in bodies]
    return [[one.item for one in engine.answer([ask])[0].items] for ask in asks]


def swapped(client: Client, swaps: int) -> list[Turn]:
    """Promote the second and the third in turn, and go back to the first each time."""
    versions = [client.reload(name, promote=False)["version"] for name in OTHERS]
    turns = []
    for number in range(swaps):
        asked = time.perf_counter()
        if number % 2:
            told = client.roll_back()
        else:
            told = client.promote(versions[number // 2 % len(versions)])
        turns.append(Turn(asked, time.perf_counter(), told["current"]))
        time.sleep(0.5)
    return turns


def unlike(heard: Sequence[Heard], lists: Lists) -> int:
    """Answers that are not the list of the version that they name."""
    return sum(
        one.version not in lists or one.items != lists[one.version][one.question] for one in heard
    )


def late(heard: Sequence[Heard], turns: Sequence[Turn]) -> int:
    """Answers by the old version to questions that were sent when the new one answered already."""
    found = 0
    ends = [turn.asked for turn in turns[1:]] + [float("inf")]
    for turn, end in zip(turns, ends, strict=True):
        within = [one for one in heard if one.sent >= turn.asked and one.heard < end]
        first = min((one.heard for one in within if one.version == turn.version), default=turn.done)
        since = min(first, turn.done)
        found += sum(one.sent > since and one.version != turn.version for one in within)
    return found


def refused(client: Client, names: dict[str, str], folder: Path) -> dict[str, dict[str, Any]]:
    """Offer bad models; whether each was promoted, and what was said of it."""
    found = {}
    for what, name in names.items():
        before = client.models()["current"]
        try:
            client.reload(name)
            said = "promoted"
        except ServiceError as error:
            said = str(error).replace(str(folder), "DIR").partition(" [request ")[0]
        promoted = client.models()["current"] != before
        found[what] = {"promoted": promoted, "said": said}
    return found


class Bench:
    """The models, good and bad, made once, and a service on them for each measurement.

    Args:
        run: the model to begin with.
        folder: where everything is written.
    """

    def __init__(self, run: Path, folder: Path) -> None:
        self.folder, self.runs = folder, folder / "runs"
        make_models(run, self.runs)
        self.questions = Questions(json.loads((run / "items.json").read_text("utf-8")))
        self.requests = self.questions.some(QUESTIONS, "")
        bodies = [json.loads(request.partition(b"\r\n\r\n")[2]) for request in self.requests]
        self.lists = {name: alone(self.runs / name, bodies) for name in ("first", *OTHERS)}
        self.bad = make_bad(self.runs / "first", self.runs)

    def measured(self, workers: int, rate: float, swaps: int) -> dict[str, Any]:
        """Swaps and refusals of one service."""
        data = self.folder / f"data-{workers}"
        scopes = ("read", "ingest", "admin")
        with (
            penchant(self.runs / "first", data, SETTINGS, workers, scopes) as server,
            Client(f"http://127.0.0.1:{server.port}", server.key, timeout=600) as client,
        ):
            warm(server, self.questions)
            known = f"Authorization: Bearer {server.key}\r\nContent-Length".encode()
            requests = [one.replace(b"Content-Length", known, 1) for one in self.requests]
            swapping, offering = (Load(server.port, requests, rate) for _ in range(2))
            with swapping.running():
                turns = swapped(client, swaps)
            with offering.running():
                bad = refused(client, self.bad, self.folder)
            models = client.models()["models"]
        by_run = {Path(one["source"]).name: one["name"] for one in models}
        lists = {by_run[name]: found for name, found in self.lists.items()}
        return {
            "workers": workers,
            "swaps": len(turns),
            **swapping.figures(lists),
            "late": late(swapping.heard, turns),
            "promote_seconds": _seconds(turns[0::2]),
            "roll_back_seconds": _seconds(turns[1::2]),
            "bad_promoted": sum(one["promoted"] for one in bad.values()),
            "bad": bad,
            "while_bad_ones_were_looked_at": offering.figures(lists),
        }


def _seconds(turns: Sequence[Turn]) -> dict[str, float]:
    took = [turn.done - turn.asked for turn in turns]
    return {"median": round(median(took), 3), "most": round(max(took), 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--run", type=Path, required=True, help="a saved text-sequence model")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rate", type=float, default=50.0, help="lists a second")
    parser.add_argument("--swaps", type=int, default=20)
    parser.add_argument("--out", type=Path, default=HERE / "swaps.json")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(args.run, Path(folder))
        found = [bench.measured(workers, args.rate, args.swaps) for workers in args.workers]
    told = {"machine": machine(), "lists_per_second": args.rate, "services": found}
    print(json.dumps(told, indent=1))
    args.out.write_text(json.dumps(told, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
