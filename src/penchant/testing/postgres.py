"""A PostgreSQL server of one's own, in a temporary folder, for the length of a block."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from penchant.core import MissingDependency

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "16MB",
    "logging_collector": "off",
}


class PostgresServer:
    """A running server that only a socket in its folder leads to.

    Attributes:
        folder: with the data in ``data``.
    """

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self._programs = programs

    def url(self, schema: str = "penchant") -> str:
        """Where ``open_log`` finds it."""
        return f"postgresql:///postgres?host={self.folder}&user=postgres&schema={schema}"

    def start(self, **settings: str) -> None:
        """Start it; returns when it answers."""
        told = {**SETTINGS, "unix_socket_directories": str(self.folder), **settings}
        options = " ".join(f"-c {name}={value}" for name, value in told.items())
        log = self.folder / "server.log"
        data = self.folder / "data"
        self._run("pg_ctl", "start", "-w", "-D", str(data), "-l", str(log), "-o", options)

    def kill(self) -> None:
        """End it as a crash would: no process of it gets to say anything."""
        lock = self.folder / "data/postmaster.pid"
        server = psutil.Process(int(lock.read_text().split()[0]))
        processes = [server, *server.children(recursive=True)]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, timeout=60)
        lock.unlink()

    def stop(self) -> None:
        """End it at once; a stopped one stays so."""
        if (self.folder / "data/postmaster.pid").exists():
            self._run("pg_ctl", "stop", "-D", str(self.folder / "data"), "-m", "immediate")

    def create(self) -> None:
        """Make the data folder."""
        data = str(self.folder / "data")
        self._run(
            "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8",
            "--locale=C", "--data-checksums",
        )  # fmt: skip

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(  # noqa: S603 - our own words
            command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{done.stdout}")


def find_programs() -> Path | None:
    """The folder of the newest installed server's programs; None where none can be run.

    PostgreSQL refuses to run as root, who therefore needs a user ``postgres`` to run it as.
    """
    if os.geteuid() == 0 and not _is_user("postgres"):
        return None
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(installed, key=lambda path: float(path.parts[-3]), default=None)
    return newest.parent if newest else None


def _is_user(name: str) -> bool:
    import pwd

    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


@contextmanager
def postgres_server(**settings: str) -> Iterator[PostgresServer]:
    """Run a server, and remove it with all it held.

    Args:
        settings: of ``postgresql.conf``.

    Raises:
        MissingDependency: no server is installed.
    """
    programs = find_programs()
    if programs is None:
        raise MissingDependency("No PostgreSQL server was found. On Debian: apt install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="penchant-postgres-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        server = PostgresServer(folder, programs)
        server.create()
        server.start(**settings)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
