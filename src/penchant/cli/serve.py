"""``penchant serve``: a run as a service."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from .output import note
from .serve_settings import serve_config


def serve(  # noqa: PLR0913 - an option each
    *,
    run: Annotated[
        Path | None,
        typer.Option(
            "--run", metavar="RUN", help="A run; may be left out once DIR has a model that answers."
        ),
    ] = None,
    data: Annotated[
        Path,
        typer.Option(
            "--data", metavar="DIR", help="The folder of the event log, the models and the keys."
        ),
    ],
    host: Annotated[
        str,
        typer.Option("--host", metavar="H", help="Where to listen; beyond this machine with keys."),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65_535, help="0 takes any free one.")
    ] = 8080,
    log: Annotated[
        str | None,
        typer.Option("--log", metavar="URL", help="An event log in PostgreSQL: postgresql://..."),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", min=1, max=64, help="Processes that answer.")
    ] = 1,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="A penchant.toml with [serve] and [policy]."),
    ] = None,
) -> None:
    """Answer over HTTP: a run becomes a service.

    An event that was acknowledged is on the disk, and the next list knows of it. DIR keeps
    everything: a restart goes on where the last one stopped, however it stopped.

    Examples:
      penchant serve --run runs/first --data service
      curl http://127.0.0.1:8080/v1/recommend --json '{"user_id": "u1"}'
    """
    from penchant.serve import Place, Supervisor, listen, run_worker

    settings = serve_config(config)
    settings = settings if log is None else replace(settings, log_url=log)
    with listen(host, port) as listening:
        taken = int(listening.getsockname()[1])
        place = Place(data.expanduser().resolve(), run, host, taken, settings)
        address = f"[{host}]:{taken}" if ":" in host else f"{host}:{taken}"
        if workers > 1:
            status = Supervisor(place, listening, workers).run(
                lambda: note(f"serving http://{address} by {workers} processes; Ctrl-C stops them")
            )
            raise typer.Exit(status)

        def started(version: str, open_to_all: bool) -> None:
            note(f"model    {version}")
            note("keys     none needed on this machine" if open_to_all else "keys     needed")
            note(f"serving  http://{address}   Ctrl-C stops it")

        run_worker(place, listening, started)
