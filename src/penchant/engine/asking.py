"""One question in external ids, checked and turned into codes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from penchant.core import (
    UNKNOWN,
    Abilities,
    IdMap,
    Interactions,
    Requests,
    Sequences,
    Unsupported,
    UsageError,
)


def one_request(
    interactions: Interactions,
    items: IdMap,
    user: str | None,
    history: Sequence[str] | None,
    query: str | None,
) -> Requests:
    """A question as a batch of one row.

    Unknown items of the history are dropped. Whole numbers are taken for ids, as in files.

    Raises:
        UsageError: nothing was asked with; an unknown user with nothing else; no known item;
            arguments of another type.
    """
    past = listed(() if history is None else history, "history")
    if query is not None and not isinstance(query, str):
        raise UsageError(f"query must be text, got {query!r}.")
    if user is None and not past and not _words(query):
        raise UsageError("Ask with a user, a history or a query, or several of them.")
    code = UNKNOWN if user is None else interactions.users.code(str(user))
    if code == UNKNOWN and not past and not _words(query):
        raise UsageError(
            f"{str(user)!r} is not one of the {len(interactions.users)} users of the training "
            f"events{near(str(user), interactions.users)}. For somebody new give a history or a "
            "query."
        )
    codes = known_codes(past, items, "history")
    return Requests(
        interactions.users,
        items,
        np.array([code], np.int32),
        Sequences.of_items(np.array([len(codes)]), codes),
        (query,) if _words(query) else None,
    )


def refuse_unable(
    requests: Requests, interactions: Interactions, abilities: Abilities, name: str
) -> None:
    """Say why a model cannot answer a question that ``answerable`` denies.

    Raises:
        Unsupported: a query to a model that does not read; a new user to one that knows its users.
    """
    if requests.queries is not None and not abilities.queries:
        raise Unsupported(
            f"{name} does not read words, so it cannot answer a query. Use a model that reads text, "
            "such as text-sequence, text-mean or star."
        )
    code = int(requests.user[0])
    who = repr(interactions.users.name(code)) if code >= 0 else "somebody new"
    raise Unsupported(
        f"{name} ranks only for users with training events, and {who} has none. Fit it again with "
        "their events, or use a model that takes a new history, such as ease, sasrec or text-sequence."
    )


def listed(names: Iterable[object], what: str) -> list[str]:
    """Ids as a list of text, from a list, an array or a column.

    Raises:
        UsageError: one text, or nothing that can be listed.
    """
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise UsageError(f"{what} must be a list of item ids, got {names!r}.")
    return [str(name) for name in names]


def known_codes(names: Sequence[str], items: IdMap, what: str) -> NDArray[np.int32]:
    """The codes of the items that the catalogue holds.

    Raises:
        UsageError: names were given and the catalogue holds none of them.
    """
    names = listed(names, what)
    codes = items.codes(names)
    if len(names) and (codes < 0).all():
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        raise UsageError(
            f"{what}: the catalogue of {len(items)} items holds none of the ids given: "
            f"{names[0]!r}{others}{near(names[0], items)}."
        )
    return codes[codes >= 0]


def near(name: str, known: IdMap) -> str:
    """``"; near: 'i7', 'i70'"`` where ids look like this one, or nothing."""
    if len(known) > 200_000:  # comparing takes 10 microseconds an id
        return ""
    found = difflib.get_close_matches(name, known.ids, n=3, cutoff=0.7)
    return f"; near: {', '.join(map(repr, found))}" if found else ""


def _words(query: str | None) -> bool:
    return bool(query and query.strip())
