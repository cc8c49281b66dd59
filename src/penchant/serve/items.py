"""The items of a service: put into the log, read in the background, found by their title."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from penchant.core import UsageError
from penchant.live import Follower
from penchant.store.log import Fields, Log, Once

from .deployed import Deployed

Row = Mapping[str, object]

_LOOK = 0.002  # seconds between two looks at an item that is being read


class Items:
    """What can be recommended: what the model learned, and what was put since.

    Args:
        log: where items are durable.
        follower: of that log.
        deployed: the model that answers.
        seconds: for which a put of a few items waits until they can be recommended.
    """

    def __init__(
        self, log: Log, follower: Follower, deployed: Callable[[], Deployed], seconds: float
    ) -> None:
        self._log, self._follower, self._deployed = log, follower, deployed
        self._seconds = seconds

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

    def put_and_wait(self, items: Sequence[Row]) -> list[dict[str, Any]]:
        """Add or replace a few items; where each stands once it was read, or after a while.

        Returns:
            ``id``, ``seq``, ``state`` and, for one that cannot be recommended, the ``reason``.
        """
        seqs = self.put(items)
        names = [str(item["item_id"]) for item in items]
        until = time.monotonic() + self._seconds
        return [
            {"id": name, "seq": seq, **self._stands(name, until)}
            for name, seq in zip(names, seqs, strict=True)
        ]

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
        pairs: list[tuple[str, str]] = list(zip(catalogue.items, catalogue.titles, strict=True))
        if query:
            wanted = query.casefold()
            pairs = [
                (name, title)
                for name, title in pairs
                if wanted in title.casefold() or wanted in name.casefold()
            ]
        page = pairs[offset : offset + limit]
        return [{"item_id": name, "title": title} for name, title in page], len(pairs)

    def _stands(self, name: str, until: float) -> dict[str, str]:
        stands = self._deployed().stands(name)
        while stands is not None and stands.state == "pending" and time.monotonic() < until:
            time.sleep(_LOOK)
            stands = self._deployed().stands(name)
        if stands is None:  # it was put before with the same fields
            return {"state": "ready"}
        return {"state": stands.state} | ({"reason": stands.reason} if stands.reason else {})

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
