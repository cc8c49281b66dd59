"""``penchant keys``: who may ask a service."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.core import UsageError

from . import options
from .durations import SECONDS
from .groups import group
from .output import document, note

if TYPE_CHECKING:
    from penchant.serve.edge import AuditTrail, Key, KeyFile

Data = Annotated[Path, typer.Option("--data", metavar="DIR", help="The folder of the service.")]
KeyId = Annotated[
    str, typer.Argument(metavar="ID", help="Of the key; 'penchant keys list' has it.")
]


def add(  # noqa: PLR0913, PLR0917 - the options of a command
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who will hold it.")],
    data: Data,
    scope: Annotated[
        list[str], typer.Option("--scope", metavar="S", help="read, ingest or admin; repeat it.")
    ],
    tenant: Annotated[
        str | None, typer.Option("--tenant", metavar="T", help="Whose data it sees.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="TIME", help="After 90d, 12h, 30m or 45s.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option("--rate", metavar="N", help="Requests a second.")
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Add a key, and show it: once, as only its hash is kept.

    read asks for recommendations, ingest sends events and items, admin may do everything.

    Examples:
      penchant keys add shop --scope read --data service
      KEY=$(penchant keys add import --scope ingest --expires 90d --data service)
    """
    file, trail = _open(data)
    first = not file.read()
    key, token = file.add(name, scope, tenant=tenant, lasts=_seconds(expires), rate=rate)
    if first:
        note("the first key: from now on the service asks everybody for one, the console too")
    trail.record("keys add", key=key.id)
    _show(key, token, as_json=as_json)


def rotate(
    key_id: KeyId,
    data: Data,
    overlap: Annotated[
        str, typer.Option("--overlap", metavar="TIME", help="How long the old key goes on.")
    ] = "1d",
    as_json: options.AsJson = False,
) -> None:
    """Add a key in the place of another one, which goes on for a while.

    Example:
      penchant keys rotate 7c6f3a52b1d0 --overlap 12h --data service
    """
    file, trail = _open(data)
    key, token = file.rotate(key_id, _seconds(overlap) or 0.0)
    trail.record("keys rotate", key=key_id, by=key.id)
    note(f"key {key_id} goes on for {overlap}")
    _show(key, token, as_json=as_json)


def list_keys(data: Data, as_json: options.AsJson = False) -> None:
    """List the keys: who holds them, what they allow, until when. The keys themselves nobody has.

    Example:
      penchant keys list --data service
    """
    file, _ = _open(data)
    now = time.time()
    found = [_about(key, now) for key in file.read()]
    if as_json:
        document({"keys": found})
        return
    for about in found:
        parts = [about["id"], f"{about['state']:<7}", "+".join(about["scopes"]), about["name"]]
        parts += [f"tenant {about['tenant']}"] if about["tenant"] else []
        parts += [f"until {about['expires_at']}"] if about["expires_at"] else []
        print("  ".join(parts))
    if not found:
        note(f"no keys in {data}. Add one: penchant keys add NAME --scope read --data {data}")


def revoke(
    key_id: KeyId,
    data: Data,
    after: Annotated[
        str, typer.Option("--after", metavar="TIME", help="Such as 1h; at once by default.")
    ] = "0s",
    force: Annotated[
        bool, typer.Option("--force", help="Also the last key, or the last one for admin.")
    ] = False,
) -> None:
    """Revoke a key. A running service knows it within a second.

    The last key is kept unless you say --force: without any nobody comes in, until
    'penchant keys add' on the machine of the service, which needs no key.

    Example:
      penchant keys revoke 7c6f3a52b1d0 --data service
    """
    file, trail = _open(data)
    if not force:
        _refuse_last(file.read(), key_id, data)
    key = file.revoke(key_id, _seconds(after) or 0.0)
    trail.record("keys revoke", key=key.id)
    note(f"key {key.id} of {key.name} ends {_when(key.expires_at)}")


def keys() -> None:
    """Add, list, rotate and revoke the keys of a service.

    On this machine a service needs none until there is one; beyond it, it always needs one.
    A running service knows what is changed here within a second.

    Examples:
      penchant keys add shop --scope read --data service
      penchant keys list --data service
    """


KEY_COMMANDS: dict[str, Callable[..., None]] = {
    "add": add,
    "list": list_keys,
    "rotate": rotate,
    "revoke": revoke,
}
"""By name, in the order in which they are needed."""


def keys_app(told: Callable[[Callable[..., None]], str]) -> typer.Typer:
    """The commands as one: ``app.add_typer(keys_app(told), name="keys")``.

    Args:
        told: the help of a command, from its docstring.
    """
    return group(keys, KEY_COMMANDS, told)


def _open(data: Path) -> tuple[KeyFile, AuditTrail]:
    from penchant.serve.edge import AuditTrail, KeyFile

    if data.exists() and not data.is_dir():
        raise UsageError(f"--data {data} is no folder. Name the folder of the service.")
    return KeyFile(data), AuditTrail(data)


def _refuse_last(keys: Sequence[Key], key_id: str, data: Path) -> None:
    """Refuse to revoke the key without which nobody comes in, or nobody who may do everything.

    Raises:
        UsageError: it is the last one.
    """
    now = time.time()
    active = [key for key in keys if key.is_active(now)]
    gone = next((key for key in active if key.id == key_id), None)
    if gone is None:
        return
    rest = [key for key in active if key is not gone and key.tenant == gone.tenant]
    if not rest:
        what = "key: without it nobody comes in, this machine included"
    elif "admin" in gone.scopes and not any("admin" in key.scopes for key in rest):
        what = "key for admin: without it nobody can erase users or exchange models over HTTP"
    else:
        return
    whose = f" of tenant {gone.tenant}" if gone.tenant else ""
    raise UsageError(
        f"{key_id} is the last {what}{whose}. To exchange it: penchant keys rotate {key_id} "
        f"--overlap 0s --data {data}. To revoke it all the same: --force."
    )


def _seconds(text: str | None) -> float | None:
    """Seconds of a time such as ``90d``."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if not found:
        raise UsageError(f"{text!r} is no time. Write 45s, 30m, 12h or 90d.")
    return float(int(found[1]) * SECONDS[found[2]])


def _show(key: Key, token: str, *, as_json: bool) -> None:
    if as_json:
        document({**_about(key, key.created_at), "key": token})
        return
    note(f"key {key.id} of {key.name} for {'+'.join(sorted(key.scopes))}; it is shown this once:")
    print(token)


def _about(key: Key, now: float) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "tenant": key.tenant,
        "rate": key.rate,
        "created_at": _when(key.created_at),
        "expires_at": _when(key.expires_at),
        "state": "active" if key.is_active(now) else "expired",
    }


def _when(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
