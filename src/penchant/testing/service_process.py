"""``penchant serve`` in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading

PATIENCE = 300.0
"""Seconds for a service to start or to end, on a machine that is busy with other things."""


class ServiceProcess:
    """A service that answers when this object is made.

    Args:
        argv: of ``penchant serve``; on a free port unless they name one.

    Attributes:
        url: where it listens.
        said: what it wrote on standard error.
    """

    def __init__(self, *argv: object) -> None:
        command = [sys.executable, "-m", "penchant", "serve", "--port", "0", *map(str, argv)]
        environment = os.environ | {"PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(  # noqa: S603 - ourselves
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment
        )
        self.said: list[str] = []
        self.url = ""
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()
        self._ready.wait(PATIENCE)
        if not self.url:
            self.kill()
            raise RuntimeError(f"the service did not start: {''.join(self.said)}")

    @property
    def port(self) -> int:
        """That it listens on."""
        return int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        """End it as a power cut would, as far as a process can."""
        self.end(signal.SIGKILL)

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        """Send a signal, and wait for the end; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.wait()

    def wait(self) -> int:
        """Its exit status, once it has ended and everything it said was heard."""
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        if self.process.stderr is not None:
            self.process.stderr.close()
        return status

    def _listen(self) -> None:
        """Hear all that it says: a pipe that nobody reads holds it up."""
        for line in self.process.stderr or ():
            self.said.append(line)
            if found := re.search(r"serving\s+(http://\S+)", line):
                self.url = found[1]
                self._ready.set()
        self._ready.set()
