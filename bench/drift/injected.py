"""What can happen to a stream: each takes events and changes those after a moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from streams import Fields, Stream

from penchant.core import Event

Puts = dict[int, list[tuple[str, Fields]]]
CYRILLIC = str.maketrans("abcdefghijklmnopqrstuvwxyz", "абцдефгхийклмнопяртувшъыза", "")


@dataclass
class Injected:
    """A stream in which something happens.

    Attributes:
        events: all of them.
        puts: items that are put, by the place of the event before which they are.
        items: fields of all items.
        signals: those that may tell of it.
    """

    events: list[Event]
    puts: Puts
    items: dict[str, dict[str, object]]
    signals: tuple[str, ...]


def mixed(stream: Stream, seed: int) -> Stream:
    """The same events with kinds drawn for them: views, clicks, purchases."""
    draw = np.random.default_rng([seed, 7])
    kinds = draw.choice(["view", "click", "purchase"], len(stream.events), p=[0.80, 0.16, 0.04])
    pairs = zip(stream.events, kinds.tolist(), strict=True)
    return Stream([replace(event, event=kind) for event, kind in pairs], stream.items)


def new_genre(stream: Stream, at: int, other: Stream, seed: int) -> Injected:
    """15 % of what is chosen are from now on items of another shop, which were put before."""
    names = list(other.items)[:400]
    fresh = {f"other-{name}": {**other.items[name], "genres": "Cosmetics"} for name in names}
    return _chosen_anew(stream, at, 0.15, fresh, seed, ("categories", "words", "words put", "feed"))


def event_mix(stream: Stream, at: int, other: Stream, seed: int) -> Injected:
    """Half of the views become clicks."""
    draw = np.random.default_rng([seed, 1])
    events = list(stream.events)
    for place in range(at, len(events)):
        if events[place].event == "view" and draw.random() < 0.5:
            events[place] = replace(events[place], event="click")
    return Injected(events, {}, stream.items, ("kinds",))


def language(stream: Stream, at: int, other: Stream, seed: int) -> Injected:
    """Every fifth choice is from now on an item with a title in another language, put before."""
    fresh = {}
    for name, fields in list(stream.items.items())[:400]:
        title = str(fields.get("title") or fields.get("text") or "")
        fresh[f"ru-{name}"] = {**fields, "title": title.lower().translate(CYRILLIC), "text": ""}
    return _chosen_anew(stream, at, 0.2, fresh, seed, ("words", "words put"))


def shock(stream: Stream, at: int, other: Stream, seed: int) -> Injected:
    """One item that few chose gets every tenth choice."""
    draw = np.random.default_rng([seed, 3])
    item = stream.events[int(draw.integers(at))].item_id
    events = list(stream.events)
    for place in range(at, len(events)):
        if draw.random() < 0.1:
            events[place] = replace(events[place], item_id=item)
    return Injected(events, {}, stream.items, ("concentration", "popularity"))


def broken_feed(stream: Stream, at: int, other: Stream, seed: int) -> Injected:
    """One of three senders names items by numbers of its own, which nobody knows."""
    return _broken(stream, at, lambda event: replace(event, item_id=f"sku-{event.item_id}"))


def lost_users(stream: Stream, at: int, other: Stream, seed: int) -> Injected:
    """One of three senders forgets who the user is."""
    return _broken(
        stream, at, lambda event: replace(event, user_id="undefined"), ("busiest user", "visits")
    )


def lost_values(stream: Stream, at: int, other: Stream, seed: int) -> Injected:
    """One of three senders forgets the value, where there was one."""
    return _broken(stream, at, lambda event: replace(event, value=None), ("values",))


def stale(stream: Stream, at: int, other: Stream, seed: int) -> Injected:
    """One of three senders has a clock that lies a month back."""
    return _broken(
        stream, at, lambda event: replace(event, event_time=event.event_time - 30 * 86_400.0)
    )


Injection = Callable[[Stream, int, Stream, int], Injected]
FIVE: dict[str, Injection] = {
    "new genre": new_genre,
    "event mix": event_mix,
    "language of text": language,
    "popularity shock": shock,
    "broken feed": broken_feed,
}
MORE: dict[str, Injection] = {
    "users lost": lost_users,
    "values lost": lost_values,
    "clock a month late": stale,
}


def _broken(
    stream: Stream, at: int, broken: Callable[[Event], Event], signals: tuple[str, ...] = ("feed",)
) -> Injected:
    users = sorted({event.user_id for event in stream.events})
    theirs = set(users[::3])
    events = [
        broken(event) if place >= at and event.user_id in theirs else event
        for place, event in enumerate(stream.events)
    ]
    return Injected(events, {}, stream.items, signals)


def _chosen_anew(
    stream: Stream,
    at: int,
    share: float,
    fresh: dict[str, dict[str, object]],
    seed: int,
    signals: tuple[str, ...],
) -> Injected:
    draw = np.random.default_rng([seed, 2])
    names = list(fresh)
    chosen = draw.integers(len(names), size=len(stream.events))
    events = list(stream.events)
    for place in range(at, len(events)):
        if draw.random() < share:
            events[place] = replace(events[place], item_id=names[int(chosen[place])])
    puts: Puts = {at: list(fresh.items())}
    return Injected(events, puts, {**stream.items, **fresh}, signals)
