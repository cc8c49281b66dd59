"""A data set that fits on a page: two tastes, and every oddity that a real one has."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.core import UNKNOWN, Catalogue, IdMap, Interactions, Requests, Sequences, generator
from penchant.data import Dataset

FILMS = {
    "s1": "Star Harbour. Space war adventure with robots",
    "s2": "The Long Orbit. Space adventure, lonely robots",
    "s3": "Red Comet. Space war between two planets",
    "s4": "Engines of Saturn. Robots and war in space",
    "s5": "The Last Signal. Adventure among distant planets",
    "s6": "Moon Miners. Robots dig on distant planets",
    "r1": "A Letter in June. Gentle love story by the sea",
    "r2": "Two Umbrellas. Rainy love story in Paris",
    "r3": "The Dance Teacher. Love and music in a small town",
    "r4": "Paper Boats. Gentle family story by the sea",
    "r5": "雨中的信。海边的温柔爱情故事",
    "r6": "Winter Piano. Music and love in Paris",
    "none": "",
    "cold": "Comet Robots. War of the robots in space",
}
"""Item -> text; ``none`` has no text, ``cold`` no events, ``r5`` is Chinese."""

USERS = 24
DAY = 86_400.0


def tiny_catalogue(texts: dict[str, str] | None = None) -> Catalogue:
    """A catalogue from texts by item; the fourteen films by default."""
    chosen = FILMS if texts is None else texts
    titles = tuple(text.split(". ")[0] or item for item, text in chosen.items())
    table = pl.DataFrame(
        {"item_id": list(chosen), "title": titles},
        schema={"item_id": pl.String, "title": pl.String},
    )
    return Catalogue(IdMap(chosen), tuple(chosen.values()), titles, table, "{title}. {description}")


def tiny_dataset(texts: dict[str, str] | None = None, copies: int = 1) -> Dataset:
    """Events of 24 users and of ``nobody``, who has none.

    Even users watch space films, odd ones romances, each with an excursion; ``u0`` watched a film
    twice, ``u1`` only one film; half of the users saw the film without text.

    Args:
        texts: text by item, in place of the fourteen films; with fewer items everybody watches
            what there is.
        copies: how often each event stands in the data.
    """
    catalogue = tiny_catalogue(texts)
    rows = [_history(user, catalogue.items) for user in range(USERS)]
    item = np.concatenate([np.repeat(row, copies) for row in rows]).astype(np.int32)
    lengths = np.array([copies * len(row) for row in rows] + [0])
    bare = Sequences.of_items(lengths, item)
    place = bare.time // copies
    events = Sequences.of_items(lengths, item, 1e9 + DAY * (place + bare.row % 5))
    users = IdMap([*(f"u{user}" for user in range(USERS)), "nobody"])
    interactions = Interactions(users, catalogue.items, events, ("view",), timed=True)
    return Dataset(interactions, catalogue, name="tiny")


def tiny_requests(data: Dataset, new_users: bool = True) -> Requests:
    """The known users with their histories; on request somebody new, and somebody with no history.

    Args:
        data: what ``tiny_dataset`` gave.
        new_users: whether to ask about users without events as well.
    """
    known = np.flatnonzero(data.interactions.events.lengths > 0)
    users, items = data.interactions.users, data.interactions.items
    histories = [data.interactions.events.items_of(row).tolist() for row in known.tolist()]
    codes = known.tolist()
    if new_users:
        histories += [list(range(len(items)))[:3], []]
        codes += [UNKNOWN, UNKNOWN]
    lengths = np.array([len(history) for history in histories])
    bare = Sequences.of_items(
        lengths, np.array([code for row in histories for code in row], np.int32)
    )
    timed = Sequences.of_items(lengths, bare.item, 1e9 + DAY * bare.time)
    return Requests(users, items, np.array(codes, np.int32), timed)


def _history(user: int, items: IdMap) -> list[int]:
    rng = generator(user, "tiny")
    taste = [code for code, name in enumerate(items) if name[0] == "sr"[user % 2]]
    if len(taste) < 4:
        return [code for code in range(len(items)) for _ in range(3)][: 3 + len(items)]
    if user == 1:
        return [taste[0]]
    seen: list[int] = rng.permutation(taste)[: 3 + user % 3].tolist()
    if user % 4 < 2:
        seen.insert(2, items.code("none"))
    if user == 0:
        seen.append(seen[0])
    return [code for code in seen if code >= 0]
