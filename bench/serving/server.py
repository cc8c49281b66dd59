"""A server as a process: started, waited for, and what it takes of processor and memory."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 120.0


@dataclass(frozen=True)
class Server:
    """One that is running.

    Attributes:
        port: on 127.0.0.1.
        process: its number.
        key: that opens it; empty where none is needed.
        start_seconds: from starting the process to the first good answer of its probe.
    """

    port: int
    process: int
    key: str
    start_seconds: float

    def cpu(self) -> float:
        """Processor seconds so far, all threads (Linux)."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def others(self) -> float:
        """Processor seconds so far of whatever is neither this process nor the server (Linux)."""
        fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
        user, nice, system, _, _, hard, soft, stolen = map(int, fields)
        own = os.times()
        busy = (user + nice + system + hard + soft + stolen) / TICKS
        return busy - self.cpu() - own.user - own.system

    def memory_mb(self) -> dict[str, float]:
        """Resident megabytes now and at most so far (Linux)."""
        lines = Path(f"/proc/{self.process}/status").read_text().splitlines()
        found = dict(line.split(":", 1) for line in lines if ":" in line)
        return {
            name: int(found[field].split()[0]) / 1024
            for name, field in (("rss_mb", "VmRSS"), ("peak_rss_mb", "VmHWM"))
        }


def free_port() -> int:
    """A port that nobody listens on."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as found:
        return int(found.getsockname()[1])


@contextlib.contextmanager
def penchant(
    run: Path,
    data: Path,
    settings: str = "",
    workers: int = 1,
    scopes: Sequence[str] = ("read", "ingest"),
) -> Iterator[Server]:
    """``penchant serve`` with a key, without a bound on its rate to speak of.

    Args:
        run: a saved model.
        data: the folder of the service; may have served before.
        settings: of ``penchant.toml``.
        workers: processes that answer.
        scopes: what the key may do.
    """
    keys = [*_PENCHANT, "keys", "add", "bench", "--data", str(data), "--json", "--rate", "100000"]
    data.mkdir(parents=True, exist_ok=True)
    for scope in scopes:
        keys += ["--scope", scope]
    told = subprocess.run(keys, capture_output=True, text=True, check=True)
    command = [*_PENCHANT, "serve", "--run", str(run), "--data", str(data)]
    if workers > 1:
        command += ["--workers", str(workers)]
    if settings:
        (data / "penchant.toml").write_text(settings, "utf-8")
        command += ["--config", str(data / "penchant.toml")]
    port = free_port()
    with _running([*command, "--port", str(port)], port, "/readyz", _key(told.stdout)) as server:
        yield server


@contextlib.contextmanager
def tutorial(run: Path, way: str) -> Iterator[Server]:
    """The server that a tutorial would write, its endpoint ``def`` or ``async def``."""
    port = free_port()
    command = [sys.executable, str(HERE / "tutorial.py"), str(run), way, str(port)]
    with _running(command, port, "/health", "") as server:
        yield server


_PENCHANT = [sys.executable, "-m", "penchant"]


def _key(told: str) -> str:
    found = json.loads(told)
    return str(found["key"])


@contextlib.contextmanager
def _running(command: Sequence[str], port: int, probe: str, key: str) -> Iterator[Server]:
    begun = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        _until_answers(process, port, probe)
        yield Server(port, process.pid, key, time.perf_counter() - begun)
    finally:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()


def _until_answers(process: subprocess.Popen[bytes], port: int, probe: str) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}")
        with (
            contextlib.suppress(urllib.error.URLError, OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}{probe}", timeout=5) as answer,
        ):
            if answer.status == 200:
                return
        time.sleep(0.01)
    raise TimeoutError(f"the server did not answer {probe} within {PATIENCE:g} s")
