"""``penchant learn`` killed in each of its phases while a service answers.

    python bench/learning/kills.py

Ten phases, each killed before its function and after it: twenty kills of SIGKILL, each followed by a
look at everything, and by a step that is let end. item-kNN on MovieLens-100K: the phases are those of
every model. Writes kills.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from penchant.data import read_demo
from penchant.engine import Engine, by_name
from penchant.serve import Client
from penchant.testing.loop_kills import PHASES, LoopLedger, kill_at, leftovers, look
from penchant.testing.service_process import ServiceProcess
from penchant.testing.streams import stream_of

HERE = Path(__file__).parent
SETTINGS = "[learn]\nleast = 500\ngate = { slower = 1000000.0 }\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "kills.json")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as room:
        rows, ledger = drill(Path(room))
    args.out.write_text(json.dumps({"kills": rows, "sum": asdict(ledger)}, indent=1) + "\n")
    print(json.dumps(asdict(ledger), indent=1))


def drill(room: Path) -> tuple[list[dict[str, Any]], LoopLedger]:
    stream = stream_of(read_demo(), 2 * len(PHASES))
    Engine.of(by_name("item-knn").fit(stream.data)).save(room / "run")
    settings = room / "penchant.toml"
    settings.write_text(SETTINGS)
    folder, ledger, rows = room / "service", LoopLedger(), []
    service = ServiceProcess("--run", room / "run", "--data", folder, "--workers", 2)
    try:
        for number, part in enumerate(stream.parts):
            phase, after = list(PHASES)[number // 2], bool(number % 2)
            with Client(service.url) as client:
                client.record_many(part)
                events, version = client.status()["last_seq"], client.status()["model_version"]
            status = kill_at(phase, after, folder, settings)
            ledger.kills += status == -9
            look(folder, events, service.url, ledger)
            did = step(folder, settings, ledger)
            look(folder, events, service.url, ledger)
            ledger.half += len(leftovers(folder))
            with Client(service.url) as client:
                ledger.promoted += client.status()["model_version"] != version
            rows.append({"phase": phase, "after": after, "status": status, "then": did})
            print(f"{phase}, {'after' if after else 'before'}: {status}, then {did}", flush=True)
    finally:
        service.end()
    return rows, ledger


def step(folder: Path, settings: Path, ledger: LoopLedger) -> str:
    """A step that nobody disturbs; what it did."""
    command = [sys.executable, "-m", "penchant", "learn", "--data", str(folder), "--json"]
    done = subprocess.run(
        [*command, "--config", str(settings), "--update"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        ledger.stuck += 1
        ledger.errors.append(done.stderr)
        return "failed"
    return str(json.loads(done.stdout)["did"])


if __name__ == "__main__":
    main()
