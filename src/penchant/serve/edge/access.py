"""Who may do what: keys, scopes, and how often."""

from __future__ import annotations

import math

from starlette.types import ASGIApp, Receive, Scope, Send

from .asgi import address_of, header, headers_named, path_of, state_of
from .buckets import Buckets
from .keyring import Keyring
from .keys import ANYBODY, Caller
from .problems import HttpProblem, send_problem
from .rules import PUBLIC, Rules

CHALLENGE = {"www-authenticate": 'Bearer realm="penchant"'}

PROXIED = (b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip")
"""Headers that a proxy adds."""


class Access:
    """Lets a request through where its key has the scope of the route.

    Puts the ``Caller`` into the state of the request, for whatever comes after.

    Args:
        app: what is guarded.
        rules: the scope of each route.
        keyring: the keys.
        anybody: who asks without a key while none is needed (``check_exposure``); None where
            everybody needs one, as do those who come through a proxy: that a service listens on
            loopback says nothing about them.
        on: False lets everybody do everything.
    """

    def __init__(
        self,
        app: ASGIApp,
        rules: Rules,
        keyring: Keyring,
        *,
        anybody: Caller | None = None,
        on: bool = True,
    ) -> None:
        self._app = app
        self._rules = rules
        self._keyring = keyring
        self._anybody = anybody
        self._on = on

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            try:
                state_of(scope)["caller"] = self._caller(scope)
            except HttpProblem as problem:
                await send_problem(problem, scope, send)
                return
        await self._app(scope, receive, send)

    def _caller(self, scope: Scope) -> Caller:
        if not self._on:
            return ANYBODY
        needed = self._rules.scope(scope["method"], path_of(scope))
        if self._anybody is not None and not self._keyring.needed:
            if needed != PUBLIC and any(header(scope, name) is not None for name in PROXIED):
                detail = "It came through a proxy, behind which anybody may be. penchant keys add."
                raise HttpProblem(401, "no-key", detail, headers=CHALLENGE)
            return self._anybody
        if needed == PUBLIC:
            return Caller("", "anybody", frozenset())
        caller = self._holder(scope)
        if not caller.may(needed):
            detail = f"This needs a key with the scope {needed}."
            headers = {"www-authenticate": f'{CHALLENGE["www-authenticate"]}, scope="{needed}"'}
            raise HttpProblem(403, "missing-scope", detail, headers=headers)
        return caller

    def _holder(self, scope: Scope) -> Caller:
        given = headers_named(scope, b"authorization")
        if not given:
            detail = "Send the header Authorization: Bearer KEY."
            raise HttpProblem(401, "no-key", detail, headers=CHALLENGE)
        scheme, _, token = given[0].decode("latin-1").partition(" ")
        caller = self._keyring.caller(token.strip()) if scheme.lower() == "bearer" else None
        if caller is None or len(given) > 1:
            detail = "The key is unknown, revoked or expired. See: penchant keys list."
            raise HttpProblem(401, "bad-key", detail, headers=CHALLENGE)
        return caller


class RateLimit:
    """So many requests a second of each caller; behind ``Access``, which says who that is.

    A caller without a key is known by its address; nobody is limited on a service that needs no key,
    which serves its own machine.

    Args:
        app: what is guarded.
        buckets: of the callers.
        on: False takes the guard out.
    """

    def __init__(self, app: ASGIApp, buckets: Buckets, *, on: bool = True) -> None:
        self._app = app
        self._buckets = buckets
        self._on = on

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        caller: Caller | None = state_of(scope).get("caller")
        if self._on and scope["type"] == "http" and caller is not ANYBODY:
            who = caller.key_id if caller and caller.key_id else f"address {address_of(scope)}"
            wait = self._buckets.take(who, rate=caller.rate if caller else None)
            if wait:
                seconds = str(math.ceil(wait))
                detail = f"Try again in {seconds} s."
                problem = HttpProblem(
                    429, "too-many-requests", detail, headers={"retry-after": seconds}
                )
                await send_problem(problem, scope, send)
                return
        await self._app(scope, receive, send)
