"""A real server on a free port of this machine, and a client that speaks bytes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

PATIENCE = 20.0
"""Seconds after which a test gives up on a server."""


@dataclass(frozen=True, slots=True)
class Served:
    """A server that is running.

    Attributes:
        port: on 127.0.0.1.
        server: uvicorn's.
    """

    port: int
    server: uvicorn.Server

    def connect(self) -> socket.socket:
        """A connection that gives up after ``PATIENCE``."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def say(self, *parts: bytes) -> bytes:
        """Send bytes on a connection of their own, and read until the server closes it."""
        with self.connect() as wire:
            for part in parts:
                wire.sendall(part)
            return read_all(wire)


def read_all(wire: socket.socket) -> bytes:
    """Whatever comes until the other side closes, in whichever way it does."""
    found = bytearray()
    try:
        while part := wire.recv(65_536):
            found += part
    except ConnectionError:  # closed with bytes unread: what came before counts
        pass
    return bytes(found)


@contextmanager
def serving(config: uvicorn.Config, server: uvicorn.Server | None = None) -> Iterator[Served]:
    """Serve on a thread while the block runs.

    The socket listens before the server runs, so that nobody has to wait for it.

    Args:
        config: of uvicorn.
        server: with that config; one is made by default.
    """
    server = server or uvicorn.Server(config)
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", 0))
    listening.listen(128)
    port = listening.getsockname()[1]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield Served(port, server)
    finally:
        server.should_exit = server.force_exit = True
        thread.join(PATIENCE)
        listening.close()
