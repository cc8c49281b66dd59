"""The items of a service: put into the log, read in the background, found by their title."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from penchant.core import UsageError
from penchant.live import Follower, ItemState
from penchant.store.log import Fields, Log, Once

from .deployed import Deployed
from .titles import Titles

Row = Mapping[str, object]

_WORDLESS = (
    "It has no text to place it by: it is listed only where a list is filled up. Put it again with "
    "a title or a description."
)


class Items:
    """What can be recommended: what the model learned, and what was put since.

    Args:
        log: where items are durable.
        follower: of that log.
        deployed: the model that answers.
    """

    def __init__(self, log: Log, follower: Follower, deployed: Callable[[], Deployed]) -> None:
        self._log, self._follower, self._deployed = log, follower, deployed
        self._titles = Titles()

    def put(self, items: Sequence[Row], once: Once | None = None) -> list[int]:
        """Add or replace items; the ``seq`` of each. Their text is read in the background.

        Raises:
            Overloaded: too many items wait to be read.
            UsageError: a field cannot be kept, or does not go with those of the other items.
        """
        self._check(items)
        self._deployed().catalogue.admit(len(items))
        seqs = self._log.put_items(items, once)
        self._follower.catch_up()
        return seqs

    def stands(self, item_id: str) -> ItemState:
        """Where an item stands that was put."""
        deployed = self._deployed()
        # none: it was put before with the same fields
        found = deployed.stands(item_id) or ItemState("ready")
        if found.state != "ready" or not deployed.engine.recommender.abilities.new_items:
            return found
        catalogue = deployed.engine.catalogue
        code = catalogue.items.code(item_id)
        if code >= 0 and not catalogue.texts[code].strip():
            return ItemState("ready", _WORDLESS)
        return found

    def get(self, item_id: str) -> Fields | None:
        """The columns of an item, as it was put or else as the model learned it; None if unknown."""
        put = self._log.item(item_id)
        if put is not None:
            return put
        catalogue = self._deployed().engine.catalogue
        code = catalogue.items.code(item_id)
        return None if code < 0 else _told(catalogue.table.row(code, named=True))

    def find(self, query: str, limit: int, offset: int) -> tuple[list[dict[str, str]], int]:
        """Items whose id or title holds some letters, and how many there are."""
        catalogue = self._deployed().engine.catalogue
        found = self._titles.find(catalogue, query) if query else np.arange(len(catalogue))
        page = [
            {"item_id": catalogue.items.name(code), "title": catalogue.titles[code]}
            for code in found[offset : offset + limit].tolist()
        ]
        return page, len(found)

    def _check(self, items: Sequence[Row]) -> None:
        """Refuse fields that would only fail in the background."""
        fields = self._deployed().engine.policy.fields
        wrong = [f"{item['item_id']!r}: {text}" for item in items for text in fields.problems(item)]
        if wrong:
            raise UsageError("\n".join(wrong))


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of an item that say something, in JSON values."""
    plain = {}
    for name, value in row.items():
        if name == "item_id" or value is None:
            continue
        known = isinstance(value, str | bool | int | float | list)
        plain[name] = value if known else str(value)
    return plain
