"""Checks of how a log keeps items, users, impressions and answers, and how it forgets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from penchant.core import Repeated
from penchant.store.log import Once, Remembered, UserErased, UserPut

from .case import expect
from .log_case import NOW, LogCase, agree, event, shown, stored


def an_item_is_what_was_put_last(case: LogCase) -> None:
    """A put replaces all fields and moves to the end of the log; an equal one does neither."""
    with case.open() as log:
        first = {"item_id": "a", "title": "A", "tags": ["x", "ü"], "price": 1.5, "n": None}
        agree(log.item("a"), None, "an item before it was put")
        seqs = log.put_items([first])
        agree(log.put_items([dict(reversed(first.items()))]), seqs, "seq of an equal put")
        wanted = {"title": "A", "tags": ["x", "ü"], "price": 1.5, "n": None}
        agree(log.item("a"), wanted, "fields")
        last = log.put_items([{"item_id": "b"}, {"item_id": "a", "title": "B"}])
        agree(log.item("a"), {"title": "B"}, "fields after another put")
        agree([change.seq for change in log.changes()], last, "changes")
        twice = log.put_items([{"item_id": "c", "n": 1}, {"item_id": "c", "n": 2}])
        agree(log.item("c"), {"n": 2}, "fields of an item put twice at once")
        agree(twice, [log.last_seq()] * 2, "seqs of it")


def a_user_is_what_was_put_last(case: LogCase) -> None:
    """Likewise."""
    with case.open() as log:
        agree(log.user("u"), None, "a user before being put")
        log.put_users([{"user_id": "u", "country": "NL"}])
        log.put_users([{"user_id": "u", "language": "zh"}])
        agree(log.user("u"), {"language": "zh"}, "fields")
        agree(log.changes(), [UserPut(log.last_seq(), NOW, "u", {"language": "zh"})], "changes")


def an_impression_is_stored_once(case: LogCase) -> None:
    """By request and item; in pages."""
    with case.open() as log:
        rows = [shown(n) for n in range(3)]
        agree(log.add_impressions([*rows, rows[0]]), 3, "new impressions")
        other = replace(rows[1], request_id="r2")
        agree(log.add_impressions([rows[1], other]), 1, "new impressions")
        found = log.impressions()
        agree([row.impression for row in found], [*rows, other], "impressions")
        page = log.impressions(after=found[1].number, limit=1)
        agree(page, [found[2]], "the third")
        agree(log.last_seq(), 0, "changes of state")


def a_key_makes_a_write_happen_once(case: LogCase) -> None:
    """The answer is remembered; a repetition does nothing and is told what was answered."""
    with case.open() as log:
        log.append([event(1)], Once("k", "f", lambda receipts: str(receipts[0].status)))
        agree(log.recall("k"), Remembered("f", "stored"), "what is remembered")
        agree(log.recall("other"), None, "what another key did")
        writes: list[Callable[[], object]] = [
            lambda: log.append([event(2)], Once("k", "g", str)),
            lambda: log.put_items([{"item_id": "a"}], Once("k", "f", str)),
            lambda: log.put_users([{"user_id": "a"}], Once("k", "f", str)),
            lambda: log.add_impressions([shown(1)], Once("k", "f", str)),
            lambda: log.remember("k", "f", "x"),
        ]
        for write in writes:
            agree(_repeated(write), Remembered("f", "stored"), "what a repetition is told")
        agree([one.event for one in stored(log)], [event(1)], "events")
        agree((log.item("a"), log.user("a"), log.impressions()), (None, None, []), "all else")


def _repeated(write: Callable[[], object]) -> Remembered | None:
    try:
        write()
    except Repeated as error:
        return Remembered(error.fingerprint, error.answer)
    return None


def a_write_whose_answer_fails_is_undone(case: LogCase) -> None:
    """The effect and its answer are one transaction; others that wrote at the time are not hurt."""
    with case.open() as log:
        others = [log.submit([event(n)]) for n in range(10)]
        failed = log.submit([event(99)], Once("k", "f", lambda _: str(1 / 0)))
        others += [log.submit([event(n)]) for n in range(10, 20)]
        expect(isinstance(failed.exception(), ZeroDivisionError), "the failure is not told")
        agree({future.result()[0].status for future in others}, {"stored"}, "the others")
        wanted = {f"e{n}" for n in range(20)}
        agree({one.event.event_id for one in stored(log)}, wanted, "events")
        agree(log.recall("k"), None, "what is remembered")


def an_erased_user_is_gone(case: LogCase) -> None:
    """Events, fields, impressions, answers; what stays names nobody. Others keep everything."""
    with case.open() as log:
        log.append([event(1), event(2, user="other")], Once("k", "f", lambda _: "about e1"))
        log.append([event(3, user="other")], Once("k2", "f", lambda _: "about e3"))
        log.put_users([{"user_id": "u", "country": "NL"}])
        log.add_impressions([shown(1), shown(2, user_id="other"), shown(3, user_id=None)])
        wanted = {"events": 1, "users": 1, "impressions": 1, "answers": 1}
        agree(log.erase("u"), wanted, "rows erased")
        agree((log.events_of("u"), log.user("u")), ([], None), "what is left of the user")
        agree(log.recall("k"), Remembered("f", None), "an answer about the user")
        agree(log.recall("k2"), Remembered("f", "about e3"), "an answer about another")
        left = [row.impression.user_id for row in log.impressions()]
        agree(left, ["other", None], "users of impressions")
        others = [event(2, user="other"), event(3, user="other")]
        agree([one.event for one in stored(log)], others, "events of others")
        (erased,) = [one for one in log.changes() if isinstance(one, UserErased)]
        agree(erased.user_hash, log.user_hash("u"), "whom the erasure recognises")
        agree((erased.is_of("u"), erased.is_of("other")), (True, False), "and whom not")
        agree(log.append([event(1)])[0].status, "stored", "an event of who comes back")
        agree(log.erase("u")["events"], 1, "events of a second erasure")
        agree(log.erase("u"), dict.fromkeys(wanted, 0), "rows of a third one")
