"""What a transaction writes: the rules of a log, whatever the database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import astuple
from typing import TypeVar

from penchant.core import Event, Impression, Repeated

from .changes import Once, Receipt, Remembered, hashed
from .erasures import Erasure
from .session import Row, Session
from .tables import insert, select

Result = TypeVar("Result")
ASKED_TOGETHER = (1, 16, 256)
"""How many keys a lookup takes at once; few sizes, so that prepared statements are used again."""
EXPIRED_TOGETHER = 10
"""Most answers that are let go with one that is remembered: more than come, so that they run out."""
_EXPIRED = """
DELETE FROM answers WHERE received_at < ?
AND number IN (SELECT number FROM answers ORDER BY number LIMIT ?)
"""  # the oldest come first, so nothing else is looked at


class Writing:
    """One transaction, alone among all writers.

    Attributes:
        version: how many commits there will have been after this one, once something is written.
        seq: of the last change.
        changed: whether something was written.
    """

    def __init__(self, session: Session, salt: str, now: float, answers_kept: float) -> None:
        self._session = session
        self._salt = salt
        self._now = now
        self._kept = answers_kept
        ((seq, number, version),) = session.rows("SELECT seq, number, version FROM head")
        self.seq, self._number, self.version = int(seq), int(number), int(version)
        self.changed = False

    @property
    def place(self) -> tuple[int, int]:
        """Differs from an earlier one once more was written."""
        return self.seq, self._number

    def once(
        self, once: Once | None, users: Collection[str], write: Callable[[], Result]
    ) -> Result:
        """Write, unless the key was used before; then remember the answer beside what was written.

        Args:
            once: the key; None to write in any case.
            users: who is in the answer, so that erasing them takes it away.
            write: does it.

        Raises:
            Repeated: the key was used before.
        """
        if once is None:
            return write()
        key = self._key(once.key)
        done = recalled(self._session, key)
        if done is not None:
            raise Repeated(done.fingerprint, done.answer)
        result = write()
        end = self._now - self._kept
        self._session.rows(_EXPIRED, (end, EXPIRED_TOGETHER))
        people = b"".join(sorted(self._key(user) for user in users))
        answer = once.answer(result)
        row = (self._next_number(), answer, once.fingerprint, people, self._now, key)
        self._session.many(insert("answers"), [row])
        return result

    def events(self, events: Sequence[Event]) -> list[Receipt]:
        """Store events, each ``event_id`` once; a receipt each."""
        if not events:
            return []
        keys = [self._key(event.event_id) for event in events]
        sql = "SELECT event_key, seq FROM events WHERE event_key"
        known: dict[bytes, int] = dict(self._among(sql, keys))
        rows, receipts = [], []
        for event, key in zip(events, keys, strict=True):
            seq = known.get(key)
            if seq is not None:
                receipts.append(Receipt(event.event_id, seq, "duplicate"))
                continue
            known[key] = seq = self._next()
            rows.append(self._event_row(seq, event, key))
            receipts.append(Receipt(event.event_id, seq, "stored"))
        self._session.many(insert("events"), rows)
        return receipts

    def items(self, items: Sequence[tuple[str, str]]) -> list[int]:
        """Put items, given as id and JSON; equal ones stay as they are."""
        wanted = dict(items)
        known = {
            name: (seq, fields)
            for seq, name, fields, _ in self._among(select("items", "WHERE item_id"), list(wanted))
        }
        old, new, seqs = self._replaced(wanted, known)
        self._session.many("DELETE FROM items WHERE seq = ?", old)
        rows = [(seq, name, fields, self._now) for seq, name, fields in new]
        self._session.many(insert("items"), rows)
        return [seqs[name] for name, _ in items]

    def users(self, users: Sequence[tuple[str, str]]) -> list[int]:
        """Put users, likewise."""
        wanted = dict(users)
        keys = [self._key(name) for name in wanted]
        known = {
            name: (seq, fields)
            for seq, name, fields, _, _ in self._among(select("users", "WHERE user_key"), keys)
        }
        old, new, seqs = self._replaced(wanted, known)
        self._session.many("DELETE FROM users WHERE seq = ?", old)
        rows = [(seq, name, fields, self._now, self._key(name)) for seq, name, fields in new]
        self._session.many(insert("users"), rows)
        return [seqs[name] for name, _ in users]

    def impressions(self, rows: Sequence[Impression]) -> int:
        """Store impressions, each item of a request once; how many are new."""
        keys = [self._key(f"{row.request_id}\0{row.item_id}") for row in rows]
        found = self._among("SELECT impression_key FROM impressions WHERE impression_key", keys)
        known = {key for (key,) in found}
        new = []
        for row, key in zip(rows, keys, strict=True):
            if key not in known:
                known.add(key)
                new.append(self._impression_row(row, key))
        self._session.many(insert("impressions"), new)
        return len(new)

    def erase(self, erasure: Erasure) -> dict[str, int]:
        """Delete all rows of a user and record the erasure, still to be scrubbed.

        Args:
            erasure: of a user, hashed with the salt of this log.

        Returns:
            how many rows went, by table.
        """
        key = bytes.fromhex(erasure.user_hash)
        gone = dict.fromkeys(("events", "users", "impressions", "answers"), 0)
        if self._session.rows("SELECT 1 FROM erasures WHERE erasure_id = ?", (erasure.erasure_id,)):
            return gone  # another process finished what a crash left
        for table in ("events", "users", "impressions"):
            gone[table] = self._count(f"{table} WHERE user_key = ?", key)
            self._session.rows(f"DELETE FROM {table} WHERE user_key = ?", (key,))  # noqa: S608
        answers = self._session.rows("SELECT number, users FROM answers WHERE answer IS NOT NULL")
        theirs = [(number,) for number, users in answers if key in keys_in(users)]
        self._session.many("UPDATE answers SET answer = NULL WHERE number = ?", theirs)
        gone["answers"] = len(theirs)
        row = (self._next(), *astuple(erasure), 0)
        self._session.many(insert("erasures"), [row])
        return gone

    def unscrubbed(self) -> bool:
        """Whether bytes of somebody who was erased may be left."""
        return bool(self._session.rows("SELECT 1 FROM erasures WHERE scrubbed = 0 LIMIT 1"))

    def scrubbed(self) -> None:
        """Remember that nothing of any erased user is left."""
        self._session.rows("UPDATE erasures SET scrubbed = 1 WHERE scrubbed = 0")
        self.changed = True

    def finish(self) -> None:
        """The last statement of the transaction."""
        if self.changed:
            self.version += 1
            self._session.rows(
                "UPDATE head SET seq = ?, number = ?, version = ?",
                (self.seq, self._number, self.version),
            )

    def _replaced(
        self, wanted: Mapping[str, str], known: Mapping[str, tuple[int, str]]
    ) -> tuple[list[tuple[int]], list[tuple[int, str, str]], dict[str, int]]:
        """Rows to delete, rows to add, and the ``seq`` of every name afterwards."""
        old, new, seqs = [], [], {}
        for name, fields in wanted.items():
            if name in known and known[name][1] == fields:
                seqs[name] = known[name][0]
                continue
            if name in known:
                old.append((known[name][0],))
            seqs[name] = self._next()
            new.append((seqs[name], name, fields))
        return old, new, seqs

    def _event_row(self, seq: int, event: Event, key: bytes) -> Row:
        return (
            seq,
            event.user_id,
            event.event_id,
            event.session_id,
            event.item_id,
            event.event,
            None if event.value is None else float(event.value),
            float(event.event_time),
            self._now,
            self._key(event.user_id),
            key,
        )

    def _impression_row(self, row: Impression, key: bytes) -> Row:
        return (
            self._next_number(),
            row.user_id,
            row.request_id,
            row.item_id,
            row.model_version,
            row.policy,
            row.position,
            None if row.propensity is None else float(row.propensity),
            float(row.shown_at),
            self._now,
            None if row.user_id is None else self._key(row.user_id),
            key,
        )

    def _among(self, sql: str, keys: Sequence[object]) -> Iterator[Row]:
        """The rows of ``sql`` whose last named column is one of the keys."""
        for chunk in _chunks(keys):
            marks = ", ".join("?" * len(chunk))
            yield from self._session.rows(f"{sql} IN ({marks})", chunk)

    def _count(self, rest: str, key: bytes) -> int:
        ((count,),) = self._session.rows(f"SELECT count(*) FROM {rest}", (key,))  # noqa: S608
        return int(count)

    def _key(self, text: str) -> bytes:
        return key_of(self._salt, text)

    def _next(self) -> int:
        self.changed = True
        self.seq += 1
        return self.seq

    def _next_number(self) -> int:
        self.changed = True
        self._number += 1
        return self._number


def key_of(salt: str, text: str) -> bytes:
    """The key of an id in the indexes, 16 bytes."""
    return bytes.fromhex(hashed(salt, text))


def recalled(session: Session, key: bytes) -> Remembered | None:
    """What was done for an idempotency key."""
    found = session.rows("SELECT fingerprint, answer FROM answers WHERE answer_key = ?", (key,))
    return Remembered(*found[0]) if found else None


def keys_in(users: bytes) -> set[bytes]:
    """The users that an answer speaks of, by their keys."""
    whole = bytes(users)
    return {whole[start : start + 16] for start in range(0, len(whole), 16)}


def _chunks(keys: Sequence[object]) -> Iterator[list[object]]:
    """All keys in lists of a few sizes; the last one is filled up with its last key."""
    for start in range(0, len(keys), ASKED_TOGETHER[-1]):
        chunk = list(keys[start : start + ASKED_TOGETHER[-1]])
        size = next(size for size in ASKED_TOGETHER if size >= len(chunk))
        yield chunk + [chunk[-1]] * (size - len(chunk))
