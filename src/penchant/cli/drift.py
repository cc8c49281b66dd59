"""``penchant drift``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .logs import Data, open_existing
from .output import document, note
from .places import check_file
from .serve_settings import serve_config

if TYPE_CHECKING:
    from collections.abc import Callable

    from penchant.core import Catalogue
    from penchant.live.drift import Drift

MODELS, CHECKPOINT = "models", "drift.json"


def drift(
    *,
    data: Data,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="A penchant.toml with [serve.drift]."),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", metavar="FILE", help="Draw it too, as .png or .svg."),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Say what has changed since the model was tuned.

    Compares what people do, what they choose and what is put with what was usual
    when the service began to watch, and says of each change what it is, since
    when, and what to do. The service may be running; nothing is written.

    Of all that is watched, and in all time, one false alarm in a hundred
    services is to be expected: settings are in [serve.drift].

    Examples:
      penchant drift --data service
      penchant drift --data service --picture drift.png
    """
    from penchant.live.drift import Drift, Facts, draw

    if picture is not None:
        check_file(picture, ".png", ".svg")
    served = serve_config(config)
    with open_existing(data) as log:
        facts = Facts(log.item, _catalogue(data), served.drift.category)
        checkpoint = None if "://" in data else Path(data).expanduser() / CHECKPOINT
        found = Drift(log, facts, served.drift, checkpoint, writes=False)
        found.catch_up()
        if as_json:
            document(_told(found))
        else:
            print(_words(found))
        if picture is not None:
            draw(found.signals(), picture)
            note(f"drew {picture}")


def _catalogue(data: str) -> Callable[[], Catalogue | None]:
    """The catalogue of the model that answers; none where the folder has no models."""
    folder = Path(data).expanduser() / MODELS
    if "://" in data or not folder.is_dir():
        return lambda: None
    from penchant.engine import Recommender
    from penchant.store import Registry

    registry = Registry(folder)
    current = registry.standing().current
    if current is None:
        return lambda: None
    known = Recommender.load(registry.path(current)).catalogue
    return lambda: known


def _told(found: Drift) -> dict[str, Any]:
    return {
        "stage": found.stage,
        "seq": found.cursor,
        "alerts": [alert.to_json() for alert in found.alerts()],
        "signals": {
            name: {
                "psi": signal.psi,
                "evidence": signal.evidence[0],
                "needed": signal.evidence[1],
                "shares": [
                    {"bin": text, "before": before, "now": now}
                    for text, before, now in signal.shares
                ],
            }
            for name, signal in found.signals().items()
        },
    }


def _words(found: Drift) -> str:
    alerts = found.alerts()
    if not alerts and found.stage != "watching":
        return (
            f"Too early: {found.missing:,} more users are needed to know what is usual "
            f"({found.cursor:,} changes so far)."
        )
    lines = [str(alert) for alert in alerts] or [
        f"Nothing has changed, as of seq {found.cursor:,}."
    ]
    lines += ["", f"{'watched':<16}{'PSI':>6}{'evidence':>10}  of {'needed':>6}"]
    for name, signal in found.signals().items():
        if signal.watches:
            evidence, needed = signal.evidence
            lines.append(
                f"{name:<16}{signal.psi:>6.2f}{max(evidence, 0):>10.1f}  of {needed:>6.1f}"
            )
    return "\n".join(lines)
