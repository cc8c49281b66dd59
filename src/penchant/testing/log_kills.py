"""Kill whoever writes a log, at any moment, and count what becomes of acknowledged events.

The writer is a child process with threads; its client is this process, which keeps a ledger of what
was acknowledged to it. After each kill the log is opened as it is: whatever needs a hand counts.

    python -m penchant.testing.log_kills --where FOLDER_OR_URL --kills 30
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from penchant.core import Event, LogError
from penchant.store.log import EventStored, open_log

THREADS = 4


@dataclass
class Ledger:
    """What a client knows, and what it found.

    Attributes:
        kills: how often the writer was killed.
        acknowledged: ids of events that the writer said it stored.
        lost: of these, how many are missing.
        duplicated: ids that are there more than once.
        invented: events there that nobody sent.
        by_hand: openings that failed.
        resent_twice: events that were stored again when all were sent again.
        errors: what the failures said.
    """

    kills: int = 0
    acknowledged: set[str] = field(default_factory=set)
    lost: int = 0
    duplicated: int = 0
    invented: int = 0
    by_hand: int = 0
    resent_twice: int = 0
    errors: list[str] = field(default_factory=list)

    def check(self, where: str | Path) -> None:
        """Open the log and compare it with the ledger, then send everything once more."""
        try:
            with open_log(where) as log:
                held = Counter(
                    change.event.event_id
                    for change in log.changes(0, 10**7)
                    if isinstance(change, EventStored)
                )
                known = sorted(held | Counter(self.acknowledged))
                receipts = log.append([sent(event_id) for event_id in known])
        except LogError as error:
            self.by_hand += 1
            self.errors.append(str(error))
            return
        self.lost += len(self.acknowledged - set(held))
        self.duplicated += sum(count > 1 for count in held.values())
        self.invented += sum(not event_id.startswith("k") for event_id in held)
        self.resent_twice += sum(
            receipt.status == "stored" and receipt.event_id in held for receipt in receipts
        )


def sent(event_id: str) -> Event:
    """The event that is sent under an id."""
    return Event(f"u{len(event_id)}", event_id, 1e9, event_id)


def kill_writers(where: str | Path, kills: int, seed: int) -> Ledger:
    """Start a writer and kill it after so and so many acknowledgements, again and again."""
    ledger = Ledger()
    draw = random.Random(seed)  # noqa: S311 - nothing secret
    for turn in range(kills):
        ledger.acknowledged |= acknowledged_until_killed(where, f"k{turn}", draw.randrange(1, 200))
        ledger.kills += 1
        ledger.check(where)
    return ledger


def acknowledged_until_killed(where: str | Path, name: str, enough: int) -> set[str]:
    """The ids that a writer acknowledged before it was killed.

    Args:
        where: the log.
        name: begins the ids.
        enough: acknowledgements after which it is killed, while it goes on writing.
    """
    command = [sys.executable, "-P", __file__, "--where", str(where), "--write", name]
    found: set[str] = set()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:  # noqa: S603 - ourselves
        assert writer.stdout is not None  # noqa: S101 - for the type checker
        for line in writer.stdout:
            if line.endswith(b"\n"):  # half a line is no acknowledgement
                found.add(line.decode().strip())
            if len(found) == enough:
                writer.kill()  # what is in the pipe by then was acknowledged, too: read on
    if writer.returncode != -signal.SIGKILL:
        raise RuntimeError(f"the writer ended by itself with {writer.returncode}")
    return found


def write(where: str, name: str) -> None:
    """Store events from several threads for ever, and print the id of each when it is stored."""
    log = open_log(where)
    numbers = itertools.count()
    failed = threading.Event()

    def store() -> None:
        try:
            while True:
                event_id = f"{name}-{next(numbers)}"
                log.append([sent(event_id)])
                os.write(1, f"{event_id}\n".encode())
        finally:
            failed.set()

    for _ in range(THREADS):
        threading.Thread(target=store, daemon=True).start()
    failed.wait()


def main() -> None:
    """Write, or kill writers, as the arguments say; one JSON document on standard output."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--where", required=True)
    parser.add_argument("--write", metavar="NAME")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    if args.write:
        write(args.where, args.write)
        return
    ledger = kill_writers(args.where, args.kills, args.seed)
    told = asdict(ledger) | {"acknowledged": len(ledger.acknowledged)}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
