"""What power cuts, kills, damage and full disks do to the event log, and to a service on it.

    python bench/durability/run.py [--cuts 3000] [--kills 30] [--copies 240] [--seed 7] [--only NAME]

Each line of the result says how many there were; zero of N means a rate below 3/N (95 %). The guards
are then turned off, one at a time, and the same figures must not be zero. Kills twice: of a process
that writes the log, and of `penchant serve` under clients that repeat what was not answered; both on
SQLite and on PostgreSQL. The named kill points and the full disks (4 MB) are tests: `pytest
tests/store/log/test_killed.py tests/store/log/test_full_disk.py`, run here three times. Erasing is
measured by erase.py beside this file. `--only` measures some parts anew and keeps the others.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from penchant import testing
from penchant.engine import Engine, ItemKNN
from penchant.store.log import LogConfig
from penchant.testing import (
    damaged_copies,
    find_programs,
    kill_writers,
    postgres_server,
    tiny_dataset,
)
from penchant.testing.service_kills import kill_services

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MEMORY = Path("/dev/shm")  # noqa: S108 - what a cut left is simulated: no disk needs to hold it
CUTS = Path(testing.__file__).with_name("power_cuts.py")


def cuts(*arguments: str) -> dict[str, object]:
    """Power cuts, in a process of their own."""
    command = [sys.executable, "-P", str(CUTS), *arguments]
    place = os.environ | ({"TMPDIR": str(MEMORY)} if MEMORY.is_dir() else {})
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=place)
    found = json.loads(done.stdout)
    found["errors"] = [error.rpartition("/")[2] for error in found["errors"][:3]]
    return found


def kills(where: str | Path, count: int, seed: int) -> dict[str, object]:
    """Kills during ingest."""
    ledger = kill_writers(where, count, seed)
    return asdict(ledger) | {"acknowledged": len(ledger.acknowledged)}


def service_kills(count: int, seed: int, url: str | None = None) -> dict[str, object]:
    """Kills of a service while clients tell it events over HTTP."""
    with tempfile.TemporaryDirectory() as folder:
        run, data = Path(folder) / "run", Path(folder) / "data"
        Engine.of(ItemKNN().fit(tiny_dataset())).save(run)
        return asdict(kill_services(run, data, count, seed, url))


def on_postgres(measure: Callable[[str], dict[str, object]]) -> dict[str, object]:
    """A figure of a log in PostgreSQL, where a server is installed."""
    if not find_programs():
        return {"skipped": "no PostgreSQL server is installed"}
    with postgres_server() as server:
        return measure(server.url())


def in_folder(measure: Callable[[Path], dict[str, object]]) -> dict[str, object]:
    """A figure of a log in SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        return measure(Path(folder) / "log")


def damage(copies: int, seed: int, config: LogConfig) -> dict[str, object]:
    """Damaged files."""
    outcome = asdict(damaged_copies(copies, seed, config))
    outcome["told"] = outcome["told"][:3]
    return outcome


def tests(turns: int) -> dict[str, object]:
    """The named kill points and the full disks, so many times."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k"]
    command += ["named_point or disk or file_system", "tests/store/log/test_killed.py"]
    command += ["tests/store/log/test_full_disk.py"]
    done = [
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        for _ in range(turns)
    ]
    return {
        "turns": turns,
        "failed_turns": sum(one.returncode != 0 for one in done),
        "last": [one.stdout.splitlines()[-1] for one in done if one.stdout],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cuts", type=int, default=3000)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--copies", type=int, default=240)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=HERE / "result.json")
    parser.add_argument("--only", metavar="NAME", action="append", help="a part; may be repeated")
    args = parser.parse_args()
    begun = time.time()
    seed, few = str(args.seed), str(max(1, args.cuts // 10))
    off = ("--synchronous", "NORMAL")
    part = args.copies // 4
    kill, seeded = args.kills, args.seed
    parts: dict[str, Callable[[], dict[str, object]]] = {
        "power_cuts": lambda: cuts("--cuts", str(args.cuts), "--seed", seed),
        "power_cuts_without_flush": lambda: cuts(
            "--cuts", few, "--seed", seed, *off, "--no-witness"
        ),
        "power_cuts_without_flush_but_witness": lambda: cuts("--cuts", few, "--seed", seed, *off),
        "kills_sqlite": lambda: in_folder(lambda where: kills(where, kill, seeded)),
        "kills_postgres": lambda: on_postgres(lambda url: kills(url, kill, seeded)),
        "service_kills_sqlite": lambda: service_kills(kill, seeded),
        "service_kills_postgres": lambda: on_postgres(lambda url: service_kills(kill, seeded, url)),
        "damaged": lambda: damage(args.copies, seeded, LogConfig()),
        "damaged_large_file": lambda: damage(args.copies, seeded, LogConfig(check_below=0)),
        "damaged_without_checksums": lambda: damage(part, seeded, LogConfig(checksums=False)),
        "damaged_without_witness": lambda: damage(part, seeded, LogConfig(witness=False)),
        "named_kill_points_and_full_disks": lambda: tests(3),
    }
    wanted = args.only or list(parts)
    if unknown := set(wanted) - set(parts):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(parts)}")
    known = json.loads(args.out.read_text()) if args.only and args.out.is_file() else {}
    found: dict[str, object] = {
        "command": f"python bench/durability/run.py --cuts {args.cuts} --kills {args.kills} "
        f"--copies {args.copies} --seed {seed}",
        "processors": os.cpu_count(),
        **{name: known[name] for name in parts if name in known},
    }
    for name in wanted:
        found[name] = parts[name]()
    found["seconds"] = time.time() - begun
    args.out.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps({name: found[name] for name in wanted}, indent=1))


if __name__ == "__main__":
    main()
