"""One process of a service: everything put together around a socket."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable

from starlette.types import ASGIApp

from .app import create_app
from .edge import (
    AuditTrail,
    Edge,
    KeyFile,
    Keyring,
    LameDuckServer,
    Metrics,
    OperationsPort,
    Readiness,
    Rules,
    check_exposure,
    configure_logs,
    guarded,
    server_config,
)
from .figures import Figures
from .meaning import meaning
from .opening import make_folder
from .paths import RawPath
from .place import Place
from .tenants import open_tenants

SWITCH = 0.0005
"""Seconds after which a thread lets another one in; the 5 ms of Python make a request wait that long
while a model is at work."""


def run_worker(
    place: Place,
    listening: socket.socket,
    started: Callable[[str, bool], None],
    first: bool = True,
) -> None:
    """Serve until a signal says to stop.

    Args:
        place: what to serve.
        listening: the socket.
        started: called when everything is loaded, before the first request, with the name of the
            model and whether no key is needed.
        first: whether this is the process that tends the data folder.
    """
    make_folder(place.data)
    keyring = Keyring(KeyFile(place.data))
    anybody = check_exposure(place.host, keyring)
    metrics = Metrics()
    names = {key.tenant or "" for key in keyring.active()}
    tenants = open_tenants(place, names, Figures(metrics), first)
    configure_logs(sys.stderr, access=place.config.log_requests)
    checks = {f"recommend {name}".strip(): one.service.check for name, one in tenants.items()}
    readiness, service = Readiness(checks), tenants[""].service
    alone = len(tenants) == 1
    edge = Edge(
        keyring,
        anybody,
        Rules(),
        metrics,
        readiness,
        AuditTrail(place.data),
        lambda: service.version if alone else "",  # of a tenant its own, which the app adds
        meaning,
    )
    app: ASGIApp = RawPath(guarded(create_app(tenants, metrics), place.config.edge, edge))
    config = server_config(app, place.config.edge, host=place.host, port=place.port)
    server = LameDuckServer(config, readiness, seconds=place.config.drain_seconds)
    port = place.config.operations_port
    operations = OperationsPort(metrics, readiness, port=port) if port and first else None
    sys.setswitchinterval(SWITCH)
    if operations is not None:
        operations.start()
    readiness.start()
    started(service.version, anybody is not None and not keyring.needed)
    for number in (signal.SIGINT, signal.SIGTERM):  # uvicorn raises them once more at its end
        signal.signal(number, lambda *_: None)
    try:
        server.run([listening])
    finally:
        if operations is not None:
            operations.stop()
