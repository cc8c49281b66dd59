"""A port for those who watch a service: answered by a thread of its own, whatever the service does."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from .metrics import Metrics
from .readiness import Readiness, livez, readyz


class OperationsPort:
    """``/livez``, ``/readyz`` and ``/metrics`` on a port of their own.

    Requests wait for the service's event loop on its own port; here they do not. There are no keys:
    bind it to loopback, or to a network that only the machinery of a cluster reaches.

    Args:
        metrics: to show.
        readiness: to ask.
        host: to listen on.
        port: to listen on; 0 for any free one, which ``address`` then tells.

    Raises:
        OSError: the port is taken.
    """

    def __init__(
        self, metrics: Metrics, readiness: Readiness, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        class Handler(_Handler):
            """Knows its service."""

        Handler.metrics, Handler.readiness = metrics, readiness
        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="penchant-operations", daemon=True
        )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it listens on."""
        host, port = self._server.server_address[:2]
        return str(host), int(port)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more, and give the port back."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    metrics: Metrics
    readiness: Readiness
    timeout = 5.0  # seconds for a request to arrive
    protocol_version = "HTTP/1.0"  # a connection a request: nothing to keep open

    def do_GET(self) -> None:
        """Answer one request."""
        url = urlsplit(self.path)
        if url.path == "/livez":
            self._answer(*livez())
        elif url.path == "/readyz":
            self._answer(*readyz(self.readiness, verbose="verbose" in url.query))
        elif url.path == "/metrics":
            body, kind = self.metrics.page()
            self._answer(200, body, kind)
        else:
            self._answer(404, b'{"status":404}')

    def _answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        """No version of Python for strangers."""
        return "penchant"

    def log_message(self, format: str, *args: object) -> None:
        """Write no line: it would hold the address of the client."""
