"""The file of keys: ``keys.json`` in the folder of a service."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from penchant.core import UsageError
from penchant.store import atomic_file

from .keys import SCOPES, TENANT, Key, hash_token, new_token

FORMAT = 1
NAME = "keys.json"


class KeyFile:
    """Adds, lists and revokes keys; safe beside other processes that do the same.

    Args:
        folder: of the service (``--data``); made where it is missing.
        clock: seconds since 1970.
    """

    def __init__(self, folder: str | Path, clock: Callable[[], float] = time.time) -> None:
        self.path = Path(folder) / NAME
        self._clock = clock

    def read(self) -> list[Key]:
        """Every key, expired ones too, oldest first; none where there is no file.

        Raises:
            UsageError: the file is damaged, or of a newer penchant.
        """
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return []
        try:
            document = json.loads(text)
            if document["format"] > FORMAT:
                raise UsageError(f"{self.path} is of a newer penchant. Upgrade this one.")
            return [_key(each) for each in document["keys"]]
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"{self.path} is no file of keys ({type(error).__name__}). Restore it from a "
                f"backup, or remove it and add new keys."
            ) from None

    def add(
        self,
        name: str,
        scopes: Sequence[str],
        *,
        tenant: str | None = None,
        lasts: float | None = None,
        rate: float | None = None,
    ) -> tuple[Key, str]:
        """Add a key.

        Args:
            name: who will hold it.
            scopes: one or more of ``SCOPES``.
            tenant: whose data it sees.
            lasts: seconds until it expires, or None.
            rate: requests a second, or None.

        Returns:
            The key as it is kept, and the key itself, which nobody can show again.

        Raises:
            UsageError: no scope or an unknown one, an empty name, a tenant that is no ``TENANT``,
                a time or rate that is not above 0.
        """
        _check(name, scopes, tenant, lasts, rate)
        now = self._clock()
        with self._locked():
            kept = self.read()
            fresh, token = _new(name, scopes, now)
            fresh = _lasting(replace(fresh, tenant=tenant, rate=rate), lasts)
            self._write([*kept, fresh])
        return fresh, token

    def rotate(self, key_id: str, overlap: float) -> tuple[Key, str]:
        """Add a key like another one, which goes on for a while so that its holders can change over.

        A key that was made for a time is followed by one for the same time from now.

        Args:
            key_id: of the key to replace.
            overlap: seconds for which both are valid.

        Raises:
            UsageError: there is no such key, or it has expired already.
        """
        now = self._clock()
        with self._locked():
            kept = self.read()
            old = self._find(kept, key_id)
            if not old.is_active(now):
                raise UsageError(f"key {key_id} has expired. Add a new one: penchant keys add.")
            fresh, token = _new(old.name, sorted(old.scopes), now)
            fresh = _lasting(replace(fresh, tenant=old.tenant, rate=old.rate), old.lasts)
            self._write([*_expiring(kept, old, now + overlap), fresh])
        return fresh, token

    def revoke(self, key_id: str, after: float = 0.0) -> Key:
        """Let a key expire, at once by default; a running service knows it within a second.

        Args:
            key_id: of the key.
            after: seconds from now.

        Raises:
            UsageError: there is no such key.
        """
        now = self._clock()
        with self._locked():
            kept = self.read()
            old = self._find(kept, key_id)
            changed = _expiring(kept, old, now + after)
            self._write(changed)
        return self._find(changed, key_id)

    def _find(self, keys: Sequence[Key], key_id: str) -> Key:
        for key in keys:
            if key.id == key_id:
                return key
        raise UsageError(f"no key {key_id} in {self.path}. See: penchant keys list.")

    def _write(self, keys: Sequence[Key]) -> None:
        told = [{**asdict(key), "scopes": sorted(key.scopes)} for key in keys]
        document = json.dumps({"format": FORMAT, "keys": told}, indent=1)
        with atomic_file(self.path) as file:
            if os.name == "posix":
                os.fchmod(file.fileno(), 0o600)  # before it has its name
            file.write(document.encode())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time, in this process and in others."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name != "posix":
            yield
            return
        import fcntl

        with self.path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _check(
    name: str, scopes: Sequence[str], tenant: str | None, lasts: float | None, rate: float | None
) -> None:
    if not name.strip() or not name.isprintable():
        raise UsageError("a key needs a name that can be printed: who will hold it?")
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        what = f"unknown scope {unknown[0]!r}" if unknown else "no scope"
        raise UsageError(f"{what}. Give one or more of {', '.join(SCOPES)}.")
    if tenant is not None and not TENANT.fullmatch(tenant):
        raise UsageError(
            f"{tenant!r} is no name of a tenant: 1 to 64 small letters, digits, dots, hyphens and "
            "underscores, beginning with a letter or digit."
        )
    if lasts is not None and not (lasts > 0 and math.isfinite(lasts)):
        raise UsageError(f"a key must last longer than 0 seconds, got {lasts:g}.")
    if rate is not None and not (rate > 0 and math.isfinite(rate)):
        raise UsageError(f"the rate must be above 0 requests a second, got {rate:g}.")


def _new(name: str, scopes: Sequence[str], now: float) -> tuple[Key, str]:
    key_id, token = new_token()
    return Key(key_id, name, frozenset(scopes), hash_token(token), now), token


def _lasting(key: Key, lasts: float | None) -> Key:
    """The key, made for so many seconds."""
    return replace(key, lasts=lasts, expires_at=None if lasts is None else key.created_at + lasts)


def _expiring(keys: Sequence[Key], which: Key, when: float) -> list[Key]:
    """The keys, one of them ending at ``when`` unless it ends earlier anyway."""
    ends = when if which.expires_at is None else min(when, which.expires_at)
    return [replace(key, expires_at=ends) if key is which else key for key in keys]


def _key(kept: Mapping[str, Any]) -> Key:
    key = Key(**{**kept, "scopes": frozenset(kept["scopes"])})
    if not key.scopes <= set(SCOPES) or len(key.hash) != len(hash_token("")):
        raise ValueError("not a key")
    return key
