"""What power cuts, kills, damage and full disks do to the event log.

    python bench/durability/run.py [--cuts 3000] [--kills 30] [--copies 240] [--seed 7]

Each line of the result says how many there were; zero of N means a rate below 3/N (95 %). The guards
are then turned off, one at a time, and the same figures must not be zero. The named kill points and
the full disks are tests: `pytest tests/store/log/test_killed.py tests/store/log/test_full_disk.py`,
run here three times.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from penchant import testing
from penchant.store.log import LogConfig
from penchant.testing import damaged_copies, find_programs, kill_writers, postgres_server

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
    args = parser.parse_args()
    begun = time.time()
    seed = str(args.seed)
    few = str(max(1, args.cuts // 10))
    found: dict[str, object] = {
        "command": f"python bench/durability/run.py --cuts {args.cuts} --kills {args.kills} "
        f"--copies {args.copies} --seed {seed}",
        "processors": os.cpu_count(),
    }
    found["power_cuts"] = cuts("--cuts", str(args.cuts), "--seed", seed)
    off = ("--synchronous", "NORMAL")
    found["power_cuts_without_flush"] = cuts("--cuts", few, "--seed", seed, *off, "--no-witness")
    found["power_cuts_without_flush_but_witness"] = cuts("--cuts", few, "--seed", seed, *off)
    with tempfile.TemporaryDirectory() as folder:
        found["kills_sqlite"] = kills(Path(folder) / "log", args.kills, args.seed)
    if find_programs():
        with postgres_server() as server:
            found["kills_postgres"] = kills(server.url(), args.kills, args.seed)
    found["damaged"] = damage(args.copies, args.seed, LogConfig())
    found["damaged_large_file"] = damage(args.copies, args.seed, LogConfig(check_below=0))
    part = args.copies // 4
    found["damaged_without_checksums"] = damage(part, args.seed, LogConfig(checksums=False))
    found["damaged_without_witness"] = damage(part, args.seed, LogConfig(witness=False))
    found["named_kill_points_and_full_disks"] = tests(3)
    found["seconds"] = time.time() - begun
    args.out.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
