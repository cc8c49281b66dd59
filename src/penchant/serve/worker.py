"""One process of a service: everything put together around a socket."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable

from starlette.types import ASGIApp

from .app import create_app
from .collecting import Collecting
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
from .following import Following
from .meaning import meaning
from .opening import make_folder
from .paths import RawPath
from .place import Place
from .tenants import open_tenants
from .threads import share_cores

WATCH = 5.0
"""Seconds between two real questions that the figures tell of."""


def run_worker(
    place: Place,
    listening: socket.socket,
    started: Callable[[str, bool], None],
    first: bool = True,
    take_in: bool = True,
) -> None:
    """Serve until a signal says to stop.

    Args:
        place: what to serve.
        listening: the socket.
        started: called when everything is loaded, before the first request, with the name of the
            model and whether no key is needed.
        first: whether this is the process that tends the data folder.
        take_in: whether the first lets a new run of the command line answer: when the service
            starts, and not when it is this process alone that is started anew.
    """
    make_folder(place.data)
    share_cores(place.config.threads)
    keyring = Keyring(KeyFile(place.data))
    anybody = check_exposure(place.host, keyring)
    metrics = Metrics()
    names = {key.tenant or "" for key in keyring.active()}
    figures = Figures(metrics)
    tenants = open_tenants(place, names, figures, first, take_in)
    share_cores(place.config.threads)  # of what came with the models
    collecting = Collecting(
        lambda: {(name, held) for name, one in tenants.items() for held in one.service.versions}
    )
    configure_logs(sys.stderr, access=place.config.log_requests)
    # by number: /readyz?verbose tells anybody, and the names are the tenants' own
    checks = {f"recommend {n}": one.service.check for n, one in enumerate(tenants.values(), 1)}
    readiness, service = Readiness(checks, translate=meaning), tenants[""].service
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
        place.shared,
    )
    app: ASGIApp = RawPath(guarded(create_app(tenants, metrics), place.config.edge, edge))
    config = server_config(
        app, place.config.edge, host=place.host, port=place.port, refused=metrics.problem
    )
    server = LameDuckServer(config, readiness, seconds=place.config.drain_seconds)
    port = place.config.operations_port
    operations = OperationsPort(metrics, readiness, port=port) if port and first else None
    if operations is not None:
        operations.start()
    readiness.start()
    _heed_signals(server)
    started(service.version, anybody is not None and not keyring.needed)
    following = Following(collecting.look)
    watch = Following(lambda: figures.ready(readiness.ask()[0]), WATCH)
    try:
        with collecting.at_work():
            following.start()
            watch.start()
            server.run([listening])
    finally:
        following.stop()
        watch.stop()
        if operations is not None:
            operations.stop()


def _heed_signals(server: LameDuckServer) -> None:
    """Stop also by a signal that comes before uvicorn listens for them, which it does a little later.

    It raises them once more at its end, which then changes nothing.
    """

    def stop(*_: object) -> None:
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
