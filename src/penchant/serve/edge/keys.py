"""Keys: what a program shows to be let in.

A key is 256 random bits behind a name: ``pck_<id>_<secret>``. The file keeps a SHA-256 of it, which
is enough, since a key that long cannot be guessed from its hash as a password could; it is shown
once and never again. The id in front finds the one hash to compare with, and lets a key be named in
logs and revoked without being known.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

SCOPES = ("read", "ingest", "admin")
"""Ask for recommendations; send events and items; everything, administration included."""

TENANT = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""The name of a tenant, which is a folder too: in small letters, as some disks know no others."""

TOKEN = re.compile(r"pck_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Key:
    """One key as it is kept.

    Attributes:
        id: in front of the secret; safe to log.
        name: who holds it.
        scopes: what it allows, of ``SCOPES``.
        hash: SHA-256 of the whole key, hexadecimal.
        created_at: seconds since 1970, UTC.
        tenant: whose data it sees; None for a service with one tenant.
        expires_at: seconds since 1970 from which on it is refused, or None.
        rate: requests a second, or None for the service's own limit.
        lasts: seconds for which it was made, or None; one that takes its place lasts as long.
    """

    id: str
    name: str
    scopes: frozenset[str]
    hash: str
    created_at: float
    tenant: str | None = None
    expires_at: float | None = None
    rate: float | None = None
    lasts: float | None = None

    def is_active(self, now: float) -> bool:
        """Whether it opens anything at that time, in seconds since 1970."""
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, for the routes: ``request.state.caller``.

    Attributes:
        key_id: of the key that was shown; ``""`` where none is needed.
        name: of the key.
        scopes: what it allows.
        tenant: whose data it may see, or None.
        rate: requests a second of its own, or None.
    """

    key_id: str
    name: str
    scopes: frozenset[str]
    tenant: str | None = None
    rate: float | None = None

    def may(self, scope: str) -> bool:
        """Whether it may do what needs this scope."""
        return scope in self.scopes or "admin" in self.scopes


ANYBODY = Caller("", "anybody", frozenset(SCOPES))
"""Who asks a service on loopback that has no keys."""


def new_token() -> tuple[str, str]:
    """A fresh id, and the key that begins with it."""
    key_id = secrets.token_hex(6)
    return key_id, f"pck_{key_id}_{secrets.token_urlsafe(32)}"


def hash_token(token: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(b"penchant key\0" + token.encode()).hexdigest()


NOBODY = Key("", "", frozenset(), hash_token(""), 0.0)


def is_key(token: str, key: Key | None) -> bool:
    """Whether a token is this key, in a time that does not tell how much of it is right.

    A key that does not exist takes as long as one that does.
    """
    same = hmac.compare_digest(hash_token(token), (key or NOBODY).hash)
    return same and key is not None


def id_of(token: str) -> str | None:
    """The id in front of a key; None for what is no key at all."""
    found = TOKEN.fullmatch(token)
    return found[1] if found else None
