"""A small shop, and its filters in plain Python to compare with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from penchant.core import IdMap
from penchant.models import configure
from penchant.rank import Context, ItemFields, Listed, Policy, PolicyConfig, Seen

NOW = 1_760_000_000.0
DAY = 86_400.0

COLUMNS: dict[str, list[object]] = {
    "category": ["Books", "Books", "Toys", "Toys", "Games", "Games", "Games", None],
    "tags": [["new", "red"], ["red"], [], ["new"], ["blue"], None, ["blue", "new"], ["red"]],
    "seller": ["ann", "bob", "ann", "bob", "ann", "cy", "cy", "cy"],
    "price": [5.0, 12.5, 8.0, None, 60.0, 30.0, 30.0, 1.0],
    "available": [True, True, False, True, True, None, True, True],
    "created_at": [NOW - days * DAY for days in (1, 400, 3, 30, 90, 10, 60, 5)],
}
ITEMS = tuple(f"i{n}" for n in range(8))
POPULARITY = np.array([5.0, 0.0, 9.0, 1.0, 7.0, 0.0, 2.0, 0.0])


class Shop:
    """Eight items with every kind of column, and short ways of asking about them."""

    now, day = NOW, DAY
    columns, items = COLUMNS, ITEMS

    def fields(self) -> ItemFields:
        return ItemFields(IdMap(ITEMS), COLUMNS)

    def policy(self, **settings: object) -> Policy:
        """A policy over the shop, of settings as they stand in TOML."""
        return Policy(configure(PolicyConfig, settings), self.fields(), POPULARITY)

    def seen(self, *events: tuple[int, str, float]) -> Seen:
        """Events as (code, kind, days ago)."""
        codes = np.array([code for code, _, _ in events], np.int32)
        times = np.array([NOW - days * DAY for _, _, days in events], np.float64)
        return Seen(codes, [kind for _, kind, _ in events], times)

    def context(self, **parts: object) -> Context:
        return Context(**{"now": NOW, **parts})

    def listing(
        self, made: Policy, k=8, candidates: Sequence[int] | None = None, **parts
    ) -> Listed:
        """A list from candidates that fall in score as they stand there; all items by default."""
        codes = np.arange(len(made.fields)) if candidates is None else np.array(candidates, int)
        scores = -np.arange(len(codes), dtype=np.float32)
        return made.choose(codes, scores, k, self.context(**parts))

    def listed(self, made: Policy, k=8, candidates=None, **parts) -> list[int]:
        """The codes of that list."""
        return self.listing(made, k, candidates, **parts).codes.tolist()

    def told(self, found: Listed, step: str) -> list[str]:
        """What a part of the policy says that it did."""
        return [decision.text for decision in found.decisions if decision.step == step]

    def passes(self, code: int, tests: Mapping[str, object]) -> bool:
        """The language of filters, told again as plainly as possible."""
        return all(_passes(COLUMNS[name][code], test) for name, test in tests.items())


@pytest.fixture(scope="session")
def shop() -> Shop:
    return Shop()


def _passes(value: object, test: object) -> bool:
    missing = value is None or value == []
    if isinstance(test, Mapping):
        if "not" in test:
            return not _passes(value, test["not"])
        low, high = test.get("min"), test.get("max")
        return not missing and (low is None or value >= low) and (high is None or value <= high)
    if test is None:
        return missing
    wanted = test if isinstance(test, list) else [test]
    own = value if isinstance(value, list) else [value]
    return not missing and any(one in wanted for one in own)
