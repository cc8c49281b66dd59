"""Kill ``penchant serve`` while people tell it events over HTTP, and count what becomes of them.

Clients go on through every kill: each is a thread with ``penchant.Client``, which repeats what was
not answered. Their ledger holds what was acknowledged to them. After a kill the service is started
by the same command, on the same port; whatever else it needs counts as a repair by hand.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from penchant.core import Event, LogError, ServiceError
from penchant.serve import Client
from penchant.store.log import EventStored, open_log

from .service_process import ServiceProcess

CLIENTS = 4
BULK = 20
"""Events of every fifth post; the others hold one."""


@dataclass
class ServiceLedger:
    """What the clients know, and what was found.

    Attributes:
        kills: how often the service was killed.
        acknowledged: events that the service said were stored, or stored before.
        repeated: acknowledgements of events that an earlier try had stored already, the answer lost.
        failed: calls that were given up; 0, as clients repeat.
        lost: acknowledged events that are missing.
        forgotten: events acknowledged before a kill that the service did not tell of after it.
        duplicated: ids that are in the log more than once.
        invented: events in the log that nobody sent.
        by_hand: starts that failed.
        errors: what the failures said.
    """

    kills: int = 0
    acknowledged: int = 0
    repeated: int = 0
    failed: int = 0
    lost: int = 0
    forgotten: int = 0
    duplicated: int = 0
    invented: int = 0
    by_hand: int = 0
    errors: list[str] = field(default_factory=list)


class _Teller:
    """One client: tells events for ever, of one user a turn."""

    def __init__(self, number: int, url: str) -> None:
        self.number = number
        self.turn = 0
        self.sent: set[str] = set()
        self.acknowledged: dict[str, str] = {}  # user by event
        self.repeated = 0
        self.errors: list[str] = []
        self._url = url
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def user(self, turn: int) -> str:
        return f"user-{self.number}-{turn}"

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        with Client(self._url, retries=60) as client:
            count = 0
            while not self._ended.is_set():
                size = BULK if count % 5 == 4 else 1
                user = self.user(self.turn)
                names = [f"k-{self.number}-{count}-{n}" for n in range(size)]
                events = [Event(user, f"i{count % 60}", 1e9 + count, name) for name in names]
                self.sent.update(names)
                try:
                    self._tell(client, events)
                except ServiceError as error:
                    self.errors.append(str(error))
                count += 1

    def _tell(self, client: Client, events: list[Event]) -> None:
        if len(events) == 1:
            (event,) = events
            told = [
                client.record(
                    event.user_id, event.item_id, time=event.event_time, event_id=event.event_id
                )
            ]
        else:
            told = client.record_many(events)
        for event, one in zip(events, told, strict=True):
            if one.status not in ("stored", "duplicate"):
                self.errors.append(f"{event.event_id}: {one.status}")
                continue
            self.acknowledged[event.event_id] = event.user_id
            self.repeated += one.status == "duplicate"


def kill_services(
    run: Path, data: Path, kills: int, seed: int, log_url: str | None = None
) -> ServiceLedger:
    """Start a service, tell it events, and kill it, again and again.

    Args:
        run: a bundle to serve.
        data: folder of the service.
        kills: how often.
        seed: of the moments.
        log_url: of a log in PostgreSQL; in the folder by default.
    """
    ledger = ServiceLedger()
    draw = random.Random(seed)  # noqa: S311 - nothing secret
    argv: list[object] = ["--run", run, "--data", data, *(("--log", log_url) if log_url else ())]
    service = ServiceProcess(*argv)
    argv += ["--port", service.port]
    tellers = [_Teller(number, service.url) for number in range(CLIENTS)]
    try:
        for turn in range(1, kills + 1):
            _until_told(tellers, draw.randrange(1, 200))
            before = [dict(teller.acknowledged) for teller in tellers]
            service.kill()
            ledger.kills += 1
            service = _started(argv, ledger)
            with Client(service.url, retries=5) as client:
                for teller, known in zip(tellers, before, strict=True):
                    ledger.forgotten += _forgotten(client, teller.user(teller.turn), known)
                    teller.turn = turn
    finally:
        for teller in tellers:
            teller.end()
        service.end()
    _compare(ledger, tellers, log_url or data / "log")
    return ledger


def _until_told(tellers: list[_Teller], more: int) -> None:
    """Wait until so many more events were acknowledged."""
    enough = sum(len(teller.acknowledged) for teller in tellers) + more
    while sum(len(teller.acknowledged) for teller in tellers) < enough:
        time.sleep(0.001)


def _started(argv: list[object], ledger: ServiceLedger) -> ServiceProcess:
    """The service again, by the same command."""
    for _ in range(5):
        try:
            return ServiceProcess(*argv)
        except RuntimeError as error:
            ledger.by_hand += 1
            ledger.errors.append(str(error)[-500:])
    raise RuntimeError(f"the service does not come back: {ledger.errors[-1]}")


def _forgotten(client: Client, user: str, known: dict[str, str]) -> int:
    """How many events of a user, acknowledged before a kill, the service does not tell of."""
    told = {event.event_id for event in client.events(user, limit=1000)}
    if len(told) == 1000:  # there may be more
        return 0
    return len({name for name, whose in known.items() if whose == user} - told)


def _compare(ledger: ServiceLedger, tellers: list[_Teller], where: str | Path) -> None:
    """Read the log, which nobody uses any more, and compare it with what the clients know."""
    sent = {name for teller in tellers for name in teller.sent}
    acknowledged = {name for teller in tellers for name in teller.acknowledged}
    ledger.acknowledged = len(acknowledged)
    ledger.repeated = sum(teller.repeated for teller in tellers)
    errors = [error for teller in tellers for error in teller.errors]
    ledger.failed += len(errors)
    ledger.errors += errors[:5]
    try:
        with open_log(where) as log:
            held = Counter(
                change.event.event_id
                for change in log.changes(0, 10**7)
                if isinstance(change, EventStored)
            )
    except LogError as error:
        ledger.by_hand += 1
        ledger.errors.append(str(error))
        return
    ledger.lost += len(acknowledged - set(held))
    ledger.duplicated += sum(count > 1 for count in held.values())
    ledger.invented += len(set(held) - sent)
