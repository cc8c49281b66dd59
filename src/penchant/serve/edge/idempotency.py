"""The header ``Idempotency-Key``: a request that may be sent again without being done again.

As in the IETF draft "The Idempotency-Key HTTP Header Field". Here a key is read and made its caller's
own; the event log keeps it with the answer, in the transaction of what was done, and settles which of
two requests came first.
"""

from __future__ import annotations

import hashlib
import re

from starlette.types import Scope

from .asgi import headers_named
from .keys import Caller
from .problems import HttpProblem

KEY = re.compile(r'"?([\x21\x23-\x7e]{1,255})"?')


def idempotency_key(scope: Scope, caller: Caller | None = None) -> str | None:
    """The key of a request, made the caller's own: two callers may use the same one.

    A key belongs to the tenant and the name of the caller, so that a request can be sent again after
    its key for access was rotated.

    Returns:
        64 hexadecimal digits, or None where the request has no such header.

    Raises:
        HttpProblem: 400, more than one header, or one that is not 1 to 255 visible characters.
    """
    given = headers_named(scope, b"idempotency-key")
    if not given:
        return None
    found = KEY.fullmatch(given[0].decode("latin-1").strip())
    if len(given) > 1 or not found:
        detail = "Send one Idempotency-Key of 1 to 255 visible ASCII characters, such as a UUID."
        raise HttpProblem(400, "bad-idempotency-key", detail)
    whose = [caller.tenant or "", caller.name] if caller else ["", ""]
    return _digest(*(part.encode() for part in (*whose, found[1])))


def fingerprint(method: str, path: str, body: bytes) -> str:
    """What makes two requests the same: 64 hexadecimal digits."""
    return _digest(method.encode(), path.encode(), body)


def _digest(*parts: bytes) -> str:
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(len(part).to_bytes(8, "big") + part)
    return hashed.hexdigest()
