"""Damage the files of a log in many ways, and see that it says so or answers right.

python -m penchant.testing.log_damage --copies 240 --seed 7 [--no-checksums] [--no-witness] [--lazy]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

from penchant.core import Event, Impression, LogError
from penchant.store.log import Log, LogConfig, Once, open_log

BLOCK = 4096
EVENTS = 1500
USERS = 20
FILES = ("log.db", "log.db", "log.db-wal", "log.db-wal", "log.head", "log.erasures")
WAYS = ("truncate", "flip", "flip", "zero", "empty", "remove")


@dataclass
class Outcome:
    """What became of damaged copies.

    Attributes:
        copies: how many there were.
        refused: that were not opened or read, with an error that says why.
        right: that answered as the undamaged log does.
        wrong: that answered otherwise, without a word.
        crashed: that ended the process, or in an error that is none of a log's.
        told: the damage behind each wrong answer and crash.
    """

    copies: int = 0
    refused: int = 0
    right: int = 0
    wrong: int = 0
    crashed: int = 0
    told: list[str] = field(default_factory=list)


def damaged_copies(copies: int, seed: int, config: LogConfig | None = None) -> Outcome:
    """Damage one file of each copy: half of them of a log that was closed, half of a killed one."""
    config = config or LogConfig()
    draw = random.Random(seed)  # noqa: S311 - nothing secret
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        truth = make(folder, config)
        damage = []
        for turn in range(copies):
            copy = folder / f"copy{turn}"
            shutil.copytree(folder / ("closed" if turn % 2 else "killed"), copy)
            damage.append(spoil(copy, draw))
        outcome = Outcome(copies)
        answers = asked(folder, copies, config)
        for what, answer in zip(damage, answers, strict=True):
            kind = "right" if answer == truth else answer
            kind = kind if kind in ("right", "refused", "crashed") else "wrong"
            setattr(outcome, kind, getattr(outcome, kind) + 1)
            if kind in ("wrong", "crashed"):
                outcome.told.append(what)
    return outcome


def make(folder: Path, config: LogConfig) -> str:
    """Write a log, copy it as a kill would leave it and as it is when closed; its right answer."""
    with open_log(folder / "closed", config) as log:
        numbers = range(EVENTS)
        log.append([Event(f"u{n % USERS}", f"i{n}", 1e9 + n, f"e{n}") for n in numbers])
        log.put_items([{"item_id": f"i{n}", "title": "x" * 300} for n in range(300)])
        log.put_items([{"item_id": "long", "description": "word " * 4000}])
        log.put_users([{"user_id": f"u{n}", "country": "NL"} for n in range(USERS)])
        log.erase("u3")
        for n in range(20):
            log.append([Event("late", f"i{n}", 2e9, f"late{n}")], Once(f"k{n}", "f", str))
            log.add_impressions([Impression(f"r{n}", "i1", 0, "v", 1e9, "u1")])
        shutil.copytree(folder / "closed", folder / "killed")
    return everything(folder / "closed", config)


def spoil(folder: Path, draw: random.Random) -> str:
    """Damage one file; says how."""
    present = [name for name in FILES if (folder / name).exists()]
    name, way = draw.choice(present), draw.choice(WAYS)
    path = folder / name
    content = bytearray(path.read_bytes())
    place = draw.randrange(max(1, len(content)))
    if way == "truncate":
        del content[place:]
    elif way == "flip" and content:
        content[place] ^= 1 << draw.randrange(8)
    elif way == "zero":
        start = place - place % BLOCK
        length = len(content[start : start + BLOCK])
        content[start : start + length] = bytes(length)
    elif way == "empty":
        content.clear()
    path.write_bytes(content)
    if way == "remove":
        path.unlink()
    return f"{folder.name}: {way} {name} at {place} of {len(content)}"


def everything(folder: Path, config: LogConfig) -> str:
    """A digest of all that a log answers; ``refused`` where it refuses.

    Looks at each thing by every way there is to it, as an index may be damaged alone.
    """
    try:
        with open_log(folder, config) as log:
            told = repr(list(_answers(log)))
    except LogError:
        return "refused"
    return hashlib.sha256(told.encode()).hexdigest()


def _answers(log: Log) -> list[object]:
    numbers = range(EVENTS)
    return [
        [repr(change) for change in log.changes(0, 10**6)],
        log.last_seq(),
        [log.events_of(f"u{n}", 1000) for n in range(USERS)],
        log.events_of("late"),
        [log.item(f"i{n}") for n in range(300)],
        log.item("long"),
        [log.user(f"u{n}") for n in range(USERS)],
        log.impressions(),
        [log.recall(f"k{n}") for n in range(20)],
        [
            r.status
            for r in log.append([Event("u0", "i", 0.0, f"e{n}") for n in numbers if n % 20 != 3])
        ],
    ]


def asked(folder: Path, copies: int, config: LogConfig) -> list[str]:
    """What each copy answers, asked in a child process, which may crash."""
    answers: list[str] = []
    while len(answers) < copies:
        command = [
            sys.executable,
            "-P",
            __file__,
            "--ask",
            str(folder),
            "--seed",
            str(len(answers)),
        ]
        command += ["--copies", str(copies), *_flags(config)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
        answers += done.stdout.split()
        if len(answers) < copies:
            answers.append("crashed")  # and the next child goes on after it
    return answers


def _flags(config: LogConfig) -> list[str]:
    on = {
        "--no-checksums": not config.checksums,
        "--no-witness": not config.witness,
        "--lazy": config.check_below == 0,
    }
    return [flag for flag, wanted in on.items() if wanted]


def main() -> None:
    """Damage copies, or ask them, as the arguments say; JSON on standard output."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--copies", type=int, default=240)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--no-checksums", action="store_true")
    parser.add_argument("--no-witness", action="store_true")
    parser.add_argument(
        "--lazy", action="store_true", help="as in a file too large to read through"
    )
    parser.add_argument("--ask", type=Path)
    args = parser.parse_args()
    config = LogConfig(
        checksums=not args.no_checksums,
        witness=not args.no_witness,
        check_below=0 if args.lazy else LogConfig.check_below,
    )
    if args.ask is None:
        sys.stdout.write(json.dumps(asdict(damaged_copies(args.copies, args.seed, config))) + "\n")
        return
    for number in range(args.seed, args.copies):
        sys.stdout.write(everything(args.ask / f"copy{number}", config) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
