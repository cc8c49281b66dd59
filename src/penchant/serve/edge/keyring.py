"""The keys that a running service knows."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from penchant.core import PenchantError, UsageError

from .hosts import is_loopback
from .key_file import KeyFile
from .keys import ANYBODY, Caller, Key, id_of, is_key

log = logging.getLogger("penchant.serve")


class Keyring:
    """Looks keys up, and reads their file again when it has changed.

    Whether a key is needed only ever goes from no to yes: keys that appear are asked for from then
    on, and a file that disappears or is damaged lets nobody in who was not let in before.

    Args:
        file: of the keys.
        every: seconds between two looks at the file.
        clock: seconds since 1970.

    Raises:
        UsageError: the file is there and cannot be read.
    """

    def __init__(
        self, file: KeyFile, *, every: float = 1.0, clock: Callable[[], float] = time.time
    ) -> None:
        self._file = file
        self._every = every
        self._clock = clock
        self._seen = self._stamp()
        self._keys = {key.id: key for key in file.read()}
        self._needed = bool(self._keys)
        self._looked = clock()

    @property
    def needed(self) -> bool:
        """Whether a key is needed: there are some, or have been."""
        self._look()
        return self._needed

    def caller(self, token: str) -> Caller | None:
        """Who holds this key; None where it is unknown, revoked or expired."""
        self._look()
        key_id = id_of(token)
        key = self._keys.get(key_id) if key_id else None
        if not is_key(token, key) or key is None or not key.is_active(self._clock()):
            return None
        return Caller(key.id, key.name, key.scopes, key.tenant, key.rate)

    def active(self) -> list[Key]:
        """The keys that open something now."""
        self._look()
        return [key for key in self._keys.values() if key.is_active(self._clock())]

    def _look(self) -> None:
        now = self._clock()
        if 0 <= now - self._looked < self._every:
            return
        self._looked = now
        stamp = self._stamp()
        if stamp == self._seen:
            return
        try:
            kept = {key.id: key for key in self._file.read()}
        except (PenchantError, OSError):
            log.exception("keys-unreadable")  # those known so far stay valid, with their expiry
            return
        self._seen = stamp
        if kept or stamp is not None:  # a file that is gone revokes nothing and opens nothing
            self._keys = kept
        self._needed = self._needed or bool(kept)

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._file.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino


def check_exposure(host: str, keyring: Keyring) -> Caller | None:
    """Who may ask without a key.

    Args:
        host: that the service will listen on.
        keyring: the keys that there are.

    Returns:
        ``ANYBODY`` on loopback; None where everybody needs a key.

    Raises:
        UsageError: others could reach the service, and there is no key that they would need.
    """
    if is_loopback(host):
        return ANYBODY
    if not keyring.active():
        raise UsageError(
            f"--host {host} lets other machines in, and there is no key that they would need. "
            f"Add one: penchant keys add NAME --scope read --data DIR. Or stay on 127.0.0.1."
        )
    return None
