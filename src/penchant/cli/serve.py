"""``penchant serve``: a run as a service."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from .output import note
from .places import no_empty_folders
from .serve_settings import serve_config


def serve(  # noqa: PLR0913 - an option each
    *,
    run: Annotated[
        Path | None,
        typer.Option(
            "--run",
            metavar="RUN",
            help="What 'penchant fit' wrote. Not needed once DIR has a model.",
        ),
    ] = None,
    data: Annotated[
        Path,
        typer.Option(
            "--data",
            metavar="DIR",
            help="The service's own folder: events, models, keys. Made if new.",
        ),
    ],
    host: Annotated[
        str,
        typer.Option(
            "--host", metavar="H", help="Where to listen. 0.0.0.0: for others too, with keys."
        ),
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
    everything: a restart goes on where the last one stopped, however it stopped. To look at it in
    a browser: http://127.0.0.1:8080/console.

    Examples:
      penchant serve --run runs/first --data service
      penchant serve --data service --workers 2 --config penchant.toml
    """
    from penchant.serve import Place, Supervisor, listen, run_worker

    settings = serve_config(config)
    settings = settings if log is None else replace(settings, log_url=log)
    place_of_data = data.expanduser().resolve()
    with no_empty_folders(place_of_data), listen(host, port) as listening:
        taken = int(listening.getsockname()[1])
        place = Place(place_of_data, run, host, taken, settings)
        address = _address(host, taken)
        if workers > 1:
            told = f"{address} by {workers} processes"
            status = Supervisor(place, listening, workers).run(
                lambda: _say(None, _needs_keys(place.data), data, address, told)
            )
            raise typer.Exit(status)

        def started(version: str, open_to_all: bool) -> None:
            _say(version, not open_to_all, data, address, address)

        run_worker(place, listening, started)


def _say(version: str | None, keys: bool, data: Path, address: str, told: str) -> None:
    """The first lines of a service; the one with its address is the last, when all is ready."""
    if version is not None:
        note(f"model    {version}")
    if keys:
        note(f"keys     needed; penchant keys list --data {data}")
    else:
        note(
            f"keys     none needed on this machine, until: penchant keys add NAME --scope read --data {data}"
        )
    key = "-H 'Authorization: Bearer KEY' " if keys else ""
    note(f"console  {address}/console")
    asked = f'{key}-H content-type:application/json -d \'{{"user_id": "ann"}}\''
    note(f"try      curl {address}/v1/recommend {asked}")
    note(f"serving  {told}   Ctrl-C stops it")


def _address(host: str, port: int) -> str:
    """Where somebody on this machine finds what listens on a host."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - told, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _needs_keys(data: Path) -> bool:
    from penchant.serve.edge import KeyFile, Keyring

    return Keyring(KeyFile(data)).needed
