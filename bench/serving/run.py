"""A load test of the whole service, over loopback, on the machine that the load comes from.

    python bench/serving/run.py --run RUN                          everything but a million items
    python bench/serving/run.py --run RUN recommend events         these stages only
    python bench/serving/run.py --run RUN --million BIG million    BIG is made by million.py
    python bench/serving/run.py --run RUN switches                 each part of the hot path taken out

RUN is a saved model with vectors, such as ``penchant fit --model text-sequence`` makes. Arrivals are
those of a Poisson process, and an answer's time counts from the moment its request was planned for.
Processor time is that of the server's process. Figures of one run compare with each other; those of
two machines do not. Linux.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import stages
from server import Server, penchant, tutorial
from stages import Questions

HERE = Path(__file__).parent
Figures = dict[str, Any]

RATES = (100.0, 200.0)
SWITCHES = {
    "as it is": "",
    "no batches": "[serve.asking]\nlargest = 1\n",
    "2 threads a call": "[serve]\nthreads = 2\n",
}


class Bench:
    """The stages, each with servers of its own."""

    def __init__(self, run: Path, million: Path | None, seconds: float) -> None:
        self.run, self.million_run, self.seconds = run, million, seconds

    def start(self) -> Figures:
        """From the command to the first good answer of /readyz, and memory."""
        found = []
        for _ in range(3):
            with _served(self.run) as server:
                found.append({"seconds": server.start_seconds, **server.memory_mb()})
        return {"starts": found, "seconds": sorted(one["seconds"] for one in found)[1]}

    def recommend(self) -> Figures:
        """Lists from a history of 50, and the bare calls in this process."""
        with _served(self.run) as server:
            found = self._asked(server, self.run, RATES)
        bare = _bare(self.run)
        at = found["rates"][f"{RATES[-1]:g}"]
        return found | {
            "bare_ms": bare,
            "cpu_ratio": at["cpu_ms"] / bare["1"],
            "cpu_ratio_at_its_pace": at["cpu_ms"] / bare["1, 200 a second"],
        }

    def million(self) -> Figures:
        """The same among a million items."""
        if self.million_run is None:
            return {"skipped": "give --million"}
        with _served(self.million_run) as server:
            return self._asked(server, self.million_run, (100.0,)) | {
                "start_seconds": server.start_seconds
            }

    def events(self) -> Figures:
        """Events, durable before they are acknowledged."""
        with _served(self.run) as server:
            questions = _questions(self.run)
            return {
                "singles_32_clients": stages.singles(server, questions, 32, self.seconds),
                "bulk_4_clients_500": stages.bulk(server, questions, 4, 500, self.seconds / 2),
            }

    def fresh(self) -> Figures:
        """From an acknowledged event to a changed list."""
        with _served(self.run) as server:
            questions = _questions(self.run)
            stages.warm(server, questions)
            rounds = int(20 * self.seconds)
            return {
                "alone": stages.to_changed_list(server, questions, rounds, 0.0),
                "others_ask": stages.to_changed_list(server, questions, rounds, 100.0),
            }

    def tutorial(self) -> Figures:
        """The server of a tutorial, beside this one, under the same load."""
        found: Figures = {}
        with _served(self.run) as server:
            found["penchant"] = self._asked(server, self.run, RATES)
        for way in ("def", "async"):
            with tutorial(self.run, way) as server:
                found[f"tutorial, {way} endpoint"] = self._asked(server, self.run, RATES)
        return found

    def switches(self) -> Figures:
        """Each part of the hot path set otherwise."""
        found: Figures = {}
        for name, settings in SWITCHES.items():
            with _served(self.run, settings) as server:
                found[name] = self._asked(server, self.run, RATES)
        with _served(self.run) as server:
            again = Questions(_items(self.run), of=200)
            found["200 people who ask again"] = self._asked(server, self.run, RATES, again)
        return found

    def _asked(
        self,
        server: Server,
        run: Path,
        rates: tuple[float, ...],
        questions: Questions | None = None,
    ) -> Figures:
        questions = questions or _questions(run)
        stages.warm(server, questions)
        return {
            "rates": {
                f"{rate:g}": stages.at_rate(server, questions, rate, self.seconds) for rate in rates
            },
            "saturated_32_clients": stages.at_most(server, questions, 32, self.seconds / 2),
            **server.memory_mb(),
        }


STAGES: dict[str, Callable[[Bench], Figures]] = {
    name: getattr(Bench, name)
    for name in ("start", "recommend", "million", "events", "fresh", "tutorial", "switches")
}


class _served:  # noqa: N801 - a context manager
    """penchant in a folder of its own."""

    def __init__(self, run: Path, settings: str = "") -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._server = penchant(run, Path(self._folder.name) / "service", settings)

    def __enter__(self) -> Server:
        return self._server.__enter__()

    def __exit__(self, *about: Any) -> None:
        self._server.__exit__(*about)
        self._folder.cleanup()


def _items(run: Path) -> list[str]:
    found: list[str] = json.loads((run / "items.json").read_text("utf-8"))
    return found


def _questions(run: Path) -> Questions:
    return Questions(_items(run))


def _bare(run: Path) -> dict[str, float]:
    """Milliseconds of processor time that the calls of the model and the index take by themselves."""
    from penchant.serve.threads import share_cores

    share_cores(1)
    from engine import measured, paced
    from penchant.engine import Engine

    engine = Engine.load(run)
    share_cores(1)
    found = {str(batch): measured(engine, stages.HISTORY, batch)["bare"] for batch in (1, 8)}
    return found | {f"1, {RATES[-1]:g} a second": paced(engine, stages.HISTORY, RATES[-1])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stages", nargs="*", choices=[*STAGES], help="all but switches if none")
    parser.add_argument("--run", type=Path, required=True, help="a saved model that has vectors")
    parser.add_argument("--million", type=Path, help="a saved model of a million items")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load")
    parser.add_argument("--out", type=Path, default=HERE / "result.json")
    args = parser.parse_args()
    bench = Bench(args.run, args.million, args.seconds)
    told: Figures = json.loads(args.out.read_text()) if args.out.exists() else {}
    for name in args.stages or [name for name in STAGES if name != "switches"]:
        load = os.getloadavg()[0]
        told[name] = STAGES[name](bench) | {"machine": machine(), "load_before": load}
        print(f"{name}\n{json.dumps(told[name], indent=1)}", flush=True)
        args.out.write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def machine() -> str:
    """What the figures were measured on."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
