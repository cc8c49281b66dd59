"""Who a request says it is for, and which page sent it.

A page of another site can make a browser send requests to a service on the same machine: by its
address (answered by the Origin check), or by a name of its own that it lets point to that address,
which the browser then takes for the same site (DNS rebinding, answered by the Host check). Where any
name is answered to, there is still the browser's own word (``Sec-Fetch-Site``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

from .asgi import header, headers_named
from .problems import HttpProblem, send_problem

HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?", re.IGNORECASE)
ORIGIN = re.compile(r"https?://(.+)", re.IGNORECASE)
CROSS_ORIGIN = HttpProblem(
    403, "cross-origin", "Call from the service's own pages, or from a program."
)


def is_loopback(host: str) -> bool:
    """Whether a service bound to this host can be reached from this machine only.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_name(value: str) -> str | None:
    """The name or address in a Host header, without its port; None where it is no host."""
    found = HOST.fullmatch(value)
    return found[1].lower().strip("[]").rstrip(".") if found else None


def is_own_name(name: str) -> bool:
    """Whether nobody else can have it: ``localhost``, or an address.

    Addresses are safe: a rebinding page has a name, and its requests carry that name.
    """
    if name == "localhost":
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


class HostCheck:
    """Answers to names that it was told, to ``localhost``, and to any address.

    Args:
        app: what is guarded.
        names: host names that the service has; ``"*"`` for any, and any origin.
        on: False takes the guard out.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str] = (), *, on: bool = True) -> None:
        self._app = app
        self._own = frozenset(name.lower().rstrip(".") for name in names)
        self._any = "*" in self._own
        self._on = on

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        problem = self._wrong(scope) if self._on and scope["type"] == "http" else None
        if problem is not None:
            await send_problem(problem, scope, send)
            return
        await self._app(scope, receive, send)

    def _wrong(self, scope: Scope) -> HttpProblem | None:
        if header(scope, b"sec-fetch-site") == b"cross-site" and not _is_link(scope):
            return CROSS_ORIGIN
        if self._any:
            return None
        hosts = headers_named(scope, b"host")
        name = host_name(hosts[0].decode("latin-1")) if len(hosts) == 1 else None
        if name is None:
            return HttpProblem(400, "bad-host", "Send one Host header with a name or an address.")
        if not self._known(name):
            detail = "Names of the service stand in allow_hosts of [serve.edge] in penchant.toml."
            return HttpProblem(421, "wrong-host", detail)
        for origin in headers_named(scope, b"origin"):
            if not self._own_page(origin.decode("latin-1"), hosts[0].decode("latin-1")):
                return CROSS_ORIGIN
        return None

    def _known(self, name: str) -> bool:
        return name in self._own or is_own_name(name)

    def _own_page(self, origin: str, host: str) -> bool:
        """The same host and port: another port of this machine is another site.

        Or a name of the service: a proxy in front of it may have changed the Host.
        """
        found = ORIGIN.fullmatch(origin)
        return found is not None and (
            found[1].lower() == host.lower() or host_name(found[1]) in self._own
        )


def _is_link(scope: Scope) -> bool:
    """Whether a person follows a link from elsewhere, as to the console."""
    return scope["method"] == "GET" and header(scope, b"sec-fetch-mode") == b"navigate"
