"""How much a connection may take before there is a request, and after it."""

from __future__ import annotations

from dataclasses import dataclass

from penchant.core import UsageError


@dataclass(frozen=True, slots=True)
class WireLimits:
    """What one client may take of the server before it has asked anything; None for no bound."""

    header_seconds: float | None = 10.0
    """Seconds for the request line and headers to arrive in."""

    header_bytes: int | None = 32_768
    """Bytes of the request line and headers."""

    linger_seconds: float | None = 2.0
    """Seconds for a refused body to end in: closing at once would make clients miss the answer."""

    linger_bytes: int = 262_144
    """Bytes of it that are still read, and thrown away; then the client has to wait."""

    unread_seconds: float | None = 30.0
    """Seconds for a client to take what was written to it; then it is cut off."""

    connections: int | None = 800
    """Connections of one process; further ones are closed at once. Below the usual 1,024 open files."""

    idle_seconds: float | None = 1.0
    """A connection that has waited this long for its next request makes room for a new one when there
    are no more; None lets none go, so that who holds them all locks everybody out."""

    def __post_init__(self) -> None:
        for name in (
            "header_seconds",
            "header_bytes",
            "linger_seconds",
            "unread_seconds",
            "connections",
            "idle_seconds",
        ):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise UsageError(f"[serve.edge.wire] {name} must be above 0, got {value}.")
