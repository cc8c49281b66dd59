"""A port for those who watch a service: answered by a thread of its own, whatever the service does."""

from __future__ import annotations

import logging
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .hosts import host_name, is_own_name
from .metrics import Metrics
from .readiness import Readiness, livez, readyz

log = logging.getLogger(__name__)


class OperationsPort:
    """``/livez``, ``/readyz`` and ``/metrics`` on a port of their own.

    Requests wait for the service's event loop on its own port; here they do not. There are no keys:
    bind it to loopback, or to a network that only the machinery of a cluster reaches. It answers to
    ``localhost`` and to addresses, as a page of a browser that got at it would come with a name
    (DNS rebinding).

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
        self._server = _Server((host, port), Handler)
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


class _Server(ThreadingHTTPServer):
    """With a bound on its threads: each is a connection, and the service needs some too."""

    daemon_threads = True
    request_queue_size = 128  # with five, a crowd's next connection is tried again after a second
    most = 32

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._places = threading.BoundedSemaphore(self.most)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer on a thread of its own, or not at all."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and give the place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log a fault, without the client's address; a client that left is none."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            log.exception("operations-port-failed")


class _Handler(BaseHTTPRequestHandler):
    metrics: Metrics
    readiness: Readiness
    timeout = 5.0  # seconds for a request to arrive
    protocol_version = "HTTP/1.0"  # a connection a request: nothing to keep open

    def do_GET(self) -> None:
        """Answer one request."""
        path, _, query = self.path.partition("?")
        if not self._is_own(self.headers.get_all("host", [])):
            self._answer(421, b'{"status":421}')
        elif path == "/livez":
            self._answer(*livez())
        elif path == "/readyz":
            self._answer(*readyz(self.readiness, verbose="verbose" in query))
        elif path == "/metrics":
            body, kind = self.metrics.page()
            self._answer(200, body, kind)
        else:
            self._answer(404, b'{"status":404}')

    def _is_own(self, hosts: list[str]) -> bool:
        if not hosts:  # as HTTP/1.0 allows, and no browser does
            return True
        name = host_name(hosts[0])
        return len(hosts) == 1 and name is not None and is_own_name(name)

    def _answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse without a page that repeats what was sent."""
        self._answer(code, b'{"status":%d}' % code)
        self.close_connection = True

    def version_string(self) -> str:
        """No version of Python for strangers."""
        return "penchant"

    def log_message(self, format: str, *args: object) -> None:
        """Write no line: it would hold the address of the client."""
