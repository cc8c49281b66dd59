"""What is asked of a server, a function each; all give plain figures."""

from __future__ import annotations

import itertools
import json
import threading
import time
import uuid
from collections.abc import Iterator, Sequence

import numpy as np
from load import Wire, ask, closed_loop, http, open_loop
from numpy.typing import NDArray
from server import Server

RECOMMEND, EVENTS = "/v1/recommend", "/v1/events"
HISTORY, K = 50, 10


class Questions:
    """Recommendations from histories drawn at random.

    Args:
        items: of the catalogue.
        of: so many histories, drawn from again and again; None for no two alike, so that no vector
            is there already.
    """

    def __init__(self, items: Sequence[str], of: int | None = None) -> None:
        self._items, self._draw = items, np.random.default_rng(0)
        self._own = None if of is None else self._drawn(of)

    def some(self, count: int, key: str) -> list[bytes]:
        """So many requests."""
        rows = self._drawn(count) if self._own is None else self._draw.choice(self._own, count)
        return [
            _recommend(key, history=[self._items[code] for code in row]) for row in rows.tolist()
        ]

    def _drawn(self, count: int) -> NDArray[np.int64]:
        return self._draw.integers(0, len(self._items), (count, HISTORY))

    def endless(self, key: str) -> Iterator[bytes]:
        """Requests made before they are sent, 20,000 of them over and over."""
        return itertools.cycle(self.some(20_000, key))

    def item(self) -> str:
        """One item."""
        return self._items[int(self._draw.integers(len(self._items)))]


def _recommend(key: str, **about: object) -> bytes:
    return http(RECOMMEND, json.dumps({**about, "k": K}).encode(), key)


def warm(server: Server, questions: Questions) -> None:
    """Let everything be loaded that is loaded late."""
    wire = Wire(server.port)
    if server.key:
        ask(wire, _recommend(server.key, query="words"))  # a model that reads opens its reader
        time.sleep(5)
    wire.socket.close()
    open_loop(server.port, questions.some(300, server.key), 100)


def at_rate(server: Server, questions: Questions, rate: float, seconds: float) -> dict[str, float]:
    """Quantiles at a rate, the processor time of a request, and the cores that others took."""
    requests = questions.some(int(rate * seconds), server.key)
    used, others = server.cpu(), server.others()
    found = open_loop(server.port, requests, rate)
    return found.figures() | {
        "cpu_ms": 1e3 * (server.cpu() - used) / len(requests),
        "cores_of_others": (server.others() - others) / found.seconds,
    }


def at_most(server: Server, questions: Questions, clients: int, seconds: float) -> dict[str, float]:
    """The most requests a second that are answered."""
    requests = questions.endless(server.key)
    used = server.cpu()
    found = closed_loop(server.port, requests, clients, seconds).figures()
    return found | {"cpu_ms": 1e3 * (server.cpu() - used) / found["requests"]}


def _event(user: str, item: str) -> dict[str, str]:
    return {"event_id": uuid.uuid4().hex, "user_id": user, "item_id": item, "event": "click"}


def _told(key: str, events: list[dict[str, str]]) -> bytes:
    body = events[0] if len(events) == 1 else {"events": events}
    return http(EVENTS, json.dumps(body).encode(), key)


def singles(server: Server, questions: Questions, clients: int, seconds: float) -> dict[str, float]:
    """One event a post, durable when it is answered."""
    posts = [
        _told(server.key, [_event(f"u{n}", questions.item())]) for n in range(int(4000 * seconds))
    ]
    used = server.cpu()
    found = closed_loop(server.port, iter(posts), clients, seconds).figures()
    return found | {"cpu_ms": 1e3 * (server.cpu() - used) / found["requests"]}


def bulk(
    server: Server, questions: Questions, clients: int, size: int, seconds: float
) -> dict[str, float]:
    """Many events a post."""
    items = [questions.item() for _ in range(size)]
    count = int(80_000 * seconds / size)
    posts = [
        _told(server.key, [_event(f"b{n}-{m % 200}", item) for m, item in enumerate(items)])
        for n in range(count)
    ]
    found = closed_loop(server.port, iter(posts), clients, seconds).figures()
    return found | {"events_per_second": found["per_second"] * size}


def to_changed_list(
    server: Server, questions: Questions, rounds: int, rate: float
) -> dict[str, float]:
    """From the acknowledgement of an event to a list that has changed, while others ask too.

    Each round a new person does one thing after the other; each time the list that they had before
    must be another one after it. Lists are asked for until they are.
    """
    begun, ended = threading.Event(), threading.Event()

    def others() -> None:
        while not ended.is_set():
            requests = questions.some(int(rate), server.key)
            begun.set()
            open_loop(server.port, requests, rate)

    load = threading.Thread(target=others)
    if rate:
        load.start()
        begun.wait()
    waits, stale = [], 0
    try:
        wire = Wire(server.port)
        for number in range(rounds):
            person = _recommend(server.key, user_id=f"new-{number // 5}-{uuid.uuid4().hex}")
            before = _items(ask(wire, person))
            user = json.loads(person.partition(b"\r\n\r\n")[2])["user_id"]
            status, _ = ask(wire, _told(server.key, [_event(user, questions.item())]))
            acknowledged = time.perf_counter()
            if status != 202:
                raise RuntimeError(f"an event was answered with {status}")
            while _items(ask(wire, person)) == before:
                stale += 1
            waits.append(time.perf_counter() - acknowledged)
            time.sleep(0.02)
    finally:
        ended.set()
        if rate:
            load.join()
    quantiles = np.quantile(waits, [0.5, 0.99]) * 1e3
    return {
        "rounds": rounds,
        "others_per_second": rate,
        "stale_lists": stale,
        "p50_ms": float(quantiles[0]),
        "p99_ms": float(quantiles[1]),
        "max_ms": max(waits) * 1e3,
    }


def _items(answer: tuple[int, bytes]) -> list[str]:
    status, body = answer
    if status != 200:
        raise RuntimeError(f"a question was answered with {status}: {body[:200]!r}")
    return [one["item_id"] for one in json.loads(body)["items"]]
