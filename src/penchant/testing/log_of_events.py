"""Checks of how a log keeps events."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

from penchant.core import Event
from penchant.store.log import (
    FUTURE,
    Change,
    EventStored,
    ItemPut,
    Log,
    UserErased,
    UserPut,
)

from .case import expect
from .log_case import NOW, LogCase, agree, event, refused, stored

ODD = ("Zoë", "日本 語", "🦉", "o'clock; --", '"%s"?', "a\tb\n", "e\u0301", " ")
"""Ids that some database or other would stumble over."""


def an_event_comes_back_as_it_was_given(case: LogCase) -> None:
    """Every field, also the empty ones."""
    given = [event(1), event(2, value=None, session_id=None), event(3, value=4)]
    with case.open() as log:
        receipts = log.append(given)
        agree([receipt.status for receipt in receipts], ["stored"] * 3, "receipts")
        pairs = zip(receipts, given, strict=True)
        wanted = [EventStored(receipt.seq, NOW, one) for receipt, one in pairs]
        agree(log.changes(), wanted, "changes")


def an_event_id_is_stored_once(case: LogCase) -> None:
    """Within one call, and over several; the first stays."""
    with case.open() as log:
        receipts = log.append([event(1), event(1, item_id="other")])
        receipts += log.append([event(1, user="other")])
        statuses = [receipt.status for receipt in receipts]
        agree(statuses, ["stored", "duplicate", "duplicate"], "receipts")
        agree({receipt.seq for receipt in receipts}, {log.last_seq()}, "seqs of one event id")
        agree([one.event for one in stored(log)], [event(1)], "events")


def an_event_without_an_id_gets_a_fresh_one(case: LogCase) -> None:
    """Told in the receipt."""
    with case.open() as log:
        receipts = log.append([event(1, event_id=""), event(1, event_id="")])
        told = [receipt.event_id for receipt in receipts]
        expect(len({*told, ""}) == 3, "two events without an id got the same one")
        agree([one.event.event_id for one in stored(log)], told, "ids")


def one_sequence_numbers_all_changes(case: LogCase) -> None:
    """A follower with one cursor, in pages of any size, misses nothing and sees nothing twice."""
    with case.open() as log:
        log.append([event(1), event(2)])
        log.put_items([{"item_id": "a", "title": "A"}])
        log.put_users([{"user_id": "u", "country": "NL"}])
        log.append([event(3)])
        log.erase("nobody")
        whole = log.changes()
        kinds = [EventStored, EventStored, ItemPut, UserPut, EventStored, UserErased]
        agree([type(change) for change in whole], kinds, "changes")
        seqs = [change.seq for change in whole]
        agree(seqs, sorted(set(seqs)), "seqs")
        agree(log.last_seq(), seqs[-1], "last seq")
        for size in (1, 2, 4, 100):
            agree(_followed(log, size), whole, f"changes in pages of {size}")


def _followed(log: Log, size: int) -> list[Change]:
    found: list[Change] = []
    while page := log.changes(found[-1].seq if found else 0, size):
        expect(len(page) <= size, "a page is longer than asked for")
        found += page
    return found


def events_of_a_user_come_newest_first(case: LogCase) -> None:
    """By the time they happened, whenever they arrived; in pages without gaps or repeats."""
    with case.open() as log:
        log.append([event(n, event_time=NOW + n // 2) for n in (3, 0, 5, 2, 4, 1)])
        log.append([event(9, user="other")])
        found = log.events_of("u")
        keys = [(one.event.event_time, one.seq) for one in found]
        agree(keys, sorted(keys, reverse=True), "order")
        agree(len(keys), 6, "events")
        agree(log.events_of("u", limit=2), found[:2], "the newest two")
        earlier = [one for one in found if one.event.event_time < NOW + 1]
        agree(log.events_of("u", before=NOW + 1), earlier, "earlier ones")
        paged = page = log.events_of("u", 1)
        while page:
            page = log.events_of("u", 1, page[-1].event.event_time, page[-1].seq)
            paged = paged + page
        agree(paged, found, "pages of one")
        agree(log.events_of("nobody"), [], "events of nobody")


def times_are_kept_and_bounded(case: LogCase) -> None:
    """A clock 400 days off is stored as it said; the time to go by lies within the bound."""
    times = [0.0, NOW - 400 * 86_400, NOW + FUTURE, NOW + FUTURE + 1, NOW + 400 * 86_400]
    with case.open() as log:
        log.append([event(n, event_time=time) for n, time in enumerate(times)])
        agree([one.event.event_time for one in stored(log)], times, "times")
        agree([one.time for one in stored(log)], [*times[:3], NOW, NOW], "bounded times")


def what_cannot_be_stored_is_refused(case: LogCase) -> None:
    """With the field's name, and nothing of the call is stored."""
    nan, huge = float("nan"), float("inf")
    texts = ("user_id", "item_id", "event", "event_id", "session_id")
    bad: dict[str, tuple[object, ...]] = {
        **dict.fromkeys(texts, ("a\0b", "\ud800", "x" * 1025, "é" * 513, 7, b"u")),
        "event_time": (nan, huge, -1.0, NOW * 1000, 10**400, "1", None, True),
        "value": (nan, huge, -huge, "1", True),
    }
    empty = [("user_id", ""), ("item_id", ""), ("event", ""), ("user_id", None)]
    with case.open() as log:
        for name, value in (*((k, v) for k, values in bad.items() for v in values), *empty):
            changed: dict[str, Any] = {name: value}
            told = refused(partial(log.append, [event(1), replace(event(2), **changed)]))
            expect(f"events[1].{name}" in told, f"the error does not name {name}: {told}")
        wrong: list[Any] = [nan, {1}, "\ud800", b"x"]
        items = [{}, {"item_id": ""}, *({"item_id": "a", "x": value} for value in wrong)]
        for item in items:
            expect("items[0]" in refused(partial(log.put_items, [item])), "an item is not named")
        agree((log.last_seq(), log.changes()), (0, []), "what was stored of it")


def ids_of_every_script_are_kept_apart(case: LogCase) -> None:
    """Also those that look alike, and those that are code elsewhere."""
    ids = [*ODD, "é", "A", "a", "x" * 1024]
    with case.open() as log:
        log.append([Event(name, name, NOW, name, name, None, name) for name in ids])
        log.put_items([{"item_id": name, name: name} for name in ids])
        log.put_users([{"user_id": name, name: name} for name in ids])
        for name in ids:
            agree([one.event.item_id for one in log.events_of(name)], [name], "events")
            agree((log.item(name), log.user(name)), ({name: name},) * 2, "fields")


def threads_and_followers_agree(case: LogCase) -> None:
    """Of events that many threads send twice each is stored once; a follower sees each once."""
    seen: list[Change] = []
    done = threading.Event()

    def follow(log: Log) -> None:
        last = False
        while not last:
            last = done.is_set()
            while page := log.changes(seen[-1].seq if seen else 0, 7):
                seen.extend(page)

    def send(log: Log, turn: int) -> list[str]:
        numbers = range(60) if turn % 2 else range(59, -1, -1)
        return [log.append([event(n)])[0].status for n in numbers]

    with case.open() as log, ThreadPoolExecutor(7) as threads:
        follower = threads.submit(follow, log)
        statuses = list(chain(*threads.map(partial(send, log), range(6))))
        done.set()
        follower.result()
        agree(statuses.count("stored"), 60, "events told to be stored")
        agree(seen, log.changes(), "what a follower saw")
        agree({one.event for one in stored(log)}, {event(n) for n in range(60)}, "events")
