"""Erase people from a service that runs, and search every byte of every file for them.

The service is ``penchant serve`` in a process, with keys, an audit trail and a line a request in its
log. Its model was trained on the people, who then leave traces by every way there is. A backup is
taken, they are erased over HTTP, and after each step that could bring somebody back everything is
searched again: the folder while the service runs and after it, the start with an old run that still
knows them, the backup restored in the place of the log and in another folder.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import httpx

from penchant.cli import main
from penchant.core import IdMap
from penchant.data import Dataset
from penchant.engine import Engine, ItemKNN
from penchant.serve import Client
from penchant.serve.edge import KeyFile

from .residues import Searched, search
from .service_process import ServiceProcess
from .tiny import tiny_dataset

PEOPLE = 60
CONFIG = "[serve]\nlog_requests = true\n"
Look = Callable[[str], None]


def about(user: str) -> tuple[str, ...]:
    """Everything that would tell of somebody: ids of theirs, and what they are called."""
    return user, f"event-of-{user}", f"visit-of-{user}", f"Zoë 日本 of {user}"


class ErasureDrill:
    """One run of it.

    Args:
        folder: an empty one; the service lives in ``data`` below it.
        seed: of who is erased and of what everybody does.
        erased: how many people.
        log_url: of a log in PostgreSQL; in the folder by default.
        tables: searches the database in the place of files.

    Attributes:
        stages: what was found, by step. In ``before`` everybody is to be found, or the search is
            blind; in all others nobody.
    """

    def __init__(
        self,
        folder: Path,
        seed: int = 7,
        erased: int = 10,
        log_url: str | None = None,
        tables: Callable[[Sequence[str]], Searched] | None = None,
    ) -> None:
        self.stages: dict[str, Searched] = {}
        self._folder, self._data, self._backup = folder, folder / "data", folder / "backup.db"
        self._draw = random.Random(seed)  # noqa: S311 - nothing secret
        self._people = [f"person-{n:03}-{self._draw.getrandbits(40):010x}" for n in range(PEOPLE)]
        self._gone = self._draw.sample(self._people, erased)
        self._url, self._tables = log_url, tables
        self._said: list[str] = []
        self._services: list[ServiceProcess] = []

    @property
    def residues(self) -> int:
        """Found where nothing should be; the texts that were not found before count too."""
        wanted = sum(len(about(user)) for user in self._gone)
        seen = len({line.rpartition(": ")[2] for line in self.stages["before"].found})
        after = (found.residues for name, found in self.stages.items() if name != "before")
        return wanted - seen + sum(after)

    def run(self) -> None:
        """All steps."""
        try:
            self._steps()
        finally:
            for service in self._services:
                service.kill()

    def _steps(self) -> None:
        self._fit()
        _, self._key = KeyFile(self._data).add("all", ["read", "ingest", "admin"])
        (self._folder / "penchant.toml").write_text(CONFIG)
        service = self._serve("one")
        with self._client(service) as client:
            for user in self._draw.sample(self._people, PEOPLE):
                self._live(client, user)
        self._end(service)  # writes a snapshot of what everybody did
        self._command("backup", "--data", self._log, "--out", self._backup)
        self._look("before", self._backup)
        service = self._serve("one")
        with self._client(service) as client:
            for user in self._gone:
                client.erase(user)
            self._look("erased, running")
        self._end(service)
        self._look("erased, stopped")
        service = self._serve("two")  # trained on them as well
        self._look("an old run, running")
        self._end(service)
        self._look("an old run, stopped")
        self._command("restore", "--from", self._backup, "--data", self._log, "--replace")
        self._look("backup restored")
        self._end(self._serve("two"))
        self._look("backup restored, served")
        if self._url is None:
            other = self._folder / "other"
            known = self._data / "log" / "log.erasures"
            restored = ("--from", self._backup, "--data", other, "--erasures", known)
            self._command("restore", *restored)
            self._look("backup restored elsewhere", other)

    @property
    def _log(self) -> str | Path:
        return self._url or self._data

    def _fit(self) -> None:
        """Two runs that know many of them."""
        tiny = tiny_dataset()
        known = IdMap(self._people[: len(tiny.interactions.users)])
        events = replace(tiny.interactions, users=known)
        for name, neighbours in {"one": 50, "two": 3}.items():
            fitted = ItemKNN(neighbours=neighbours).fit(Dataset(events, tiny.catalogue, name="t"))
            Engine.of(fitted).save(self._folder / "runs" / name)

    def _serve(self, run: str) -> ServiceProcess:
        argv: list[object] = ["--run", self._folder / "runs" / run, "--data", self._data]
        argv += ["--config", self._folder / "penchant.toml"]
        service = ServiceProcess(*argv, *(("--log", self._url) if self._url else ()))
        self._services.append(service)
        return service

    def _end(self, service: ServiceProcess) -> None:
        service.end()
        self._said += service.said

    def _client(self, service: ServiceProcess) -> Client:
        return Client(service.url, key=self._key, timeout=60.0)

    def _live(self, client: Client, user: str) -> None:
        """Let somebody leave traces by every way there is."""
        _, event, visit, name = about(user)
        numbers = range(self._draw.randrange(1, 6))
        for n in numbers:
            client.record(user, f"s{n}", "click", session=visit, event_id=f"{event}-{n}")
        many = [
            {"user_id": user, "item_id": f"r{n}", "event_id": f"{event}-b{n}", "session_id": visit}
            for n in numbers
        ]
        headers = {"authorization": f"Bearer {self._key}", "idempotency-key": f"key-{event}"}
        at = str(client._at.http.base_url)
        httpx.post(f"{at}/v1/events", json={"events": many}, headers=headers).raise_for_status()
        client.put_user(user, name=name, notes=f"{name} " * self._draw.choice([1, 400]))
        client.shown(client.recommend(user=user, k=3), user=user)
        client.explain("s1", user=user)
        client.events(user)

    def _command(self, *argv: object) -> None:
        if main([str(one) for one in argv]) != 0:
            raise RuntimeError(f"penchant {argv[0]} failed")

    def _look(self, stage: str, *more: Path) -> None:
        """Search all files of the service, what it said, and the tables of a database."""
        said = self._folder / "said.txt"
        said.write_text("".join(self._said))
        texts = [text for user in self._gone for text in about(user)]
        found = search(texts, self._data, said, *more)
        if self._tables is not None:
            rows = self._tables(texts)
            found.found += rows.found
            found.files, found.size = found.files + rows.files, found.size + rows.size
        self.stages[stage] = found
