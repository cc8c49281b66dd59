"""Business rules: what whoever runs the service wants of the lists."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, get_type_hints

from penchant.core import UsageError, did_you_mean

DO = "do"
"""In a table: the name of the rule."""

Tests = Mapping[str, Any]
"""A filter as plain values; see ``filter_of``."""


@dataclass(frozen=True, slots=True)
class Include:
    """Only items for which the filter holds are ever listed; several such rules must all hold."""

    name: ClassVar[str] = "include"
    when: Tests
    """Which items."""
    why: str = ""
    """For people: what the rule is for."""


@dataclass(frozen=True, slots=True)
class Exclude:
    """Items for which the filter holds are never listed."""

    name: ClassVar[str] = "exclude"
    when: Tests
    """Which items."""
    why: str = ""
    """For people: what the rule is for."""


@dataclass(frozen=True, slots=True)
class Pin:
    """The best allowed item for which the filter holds stands at a certain place."""

    name: ClassVar[str] = "pin"
    when: Tests
    """Which items; the best of them is taken: the first candidate, else by the fall-back chain."""
    place: int = 1
    """Where it stands, and nowhere above; the first place is 1."""
    why: str = ""
    """For people: what the rule is for."""

    def __post_init__(self) -> None:
        if self.place < 1:
            raise UsageError(f"place must be at least 1, got {self.place}.")


@dataclass(frozen=True, slots=True)
class Boost:
    """Items count as if they stood further up among the candidates."""

    name: ClassVar[str] = "boost"
    when: Tests
    """Which items."""
    by: float = 2.0
    """Their place is divided by this: with 2, place 20 counts as place 10."""
    why: str = ""
    """For people: what the rule is for."""

    def __post_init__(self) -> None:
        _more_than_one(self.by)


@dataclass(frozen=True, slots=True)
class Bury:
    """Items count as if they stood further down among the candidates."""

    name: ClassVar[str] = "bury"
    when: Tests
    """Which items."""
    by: float = 2.0
    """Their place is multiplied by this: with 2, place 10 counts as place 20."""
    why: str = ""
    """For people: what the rule is for."""

    def __post_init__(self) -> None:
        _more_than_one(self.by)


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many items of a list have the same value in a column, such as one seller."""

    name: ClassVar[str] = "cap"
    column: str
    """The column; an item with several words there counts for each of them, one without for none."""
    most: int
    """How many items."""
    per: int | None = None
    """Places after which the count begins anew: 10 caps each page of ten. By default never."""
    why: str = ""
    """For people: what the rule is for."""

    def __post_init__(self) -> None:
        if self.most < 1:
            raise UsageError(f"most must be at least 1, got {self.most}. To list none, exclude.")
        if self.per is not None and self.per < 1:
            raise UsageError(f"per must be at least 1 place, got {self.per}.")


Rule = Include | Exclude | Pin | Boost | Bury | Cap
RULES: Mapping[str, type[Rule]] = {
    kind.name: kind for kind in (Include, Exclude, Pin, Boost, Bury, Cap)
}
"""Rules by the name that ``do`` takes."""


def rule_of(table: Mapping[str, Any]) -> Rule:
    """A rule from plain values, as they come from TOML.

    >>> rule_of({"do": "cap", "column": "seller", "most": 2})
    Cap(column='seller', most=2, per=None, why='')

    Raises:
        UsageError: an unknown rule or key (with the near name), a key that is missing, or a value
            that the key cannot have.
    """
    if not isinstance(table, Mapping):
        raise UsageError(f'write a table such as {{do = "exclude", ...}}, got {table!r}.')
    name = table.get(DO)
    if not isinstance(name, str) or name not in RULES:
        guess = did_you_mean(name, RULES) if name else "."
        raise UsageError(f"do = {name!r}{guess} Known: {', '.join(RULES)}.")
    kind = RULES[name]
    values = {key: value for key, value in table.items() if key != DO}
    hints = get_type_hints(kind)
    fields = {one.name: one for one in dataclasses.fields(kind)}
    for key, value in values.items():
        if key not in fields:
            guess = did_you_mean(key, fields)
            raise UsageError(f"{name} has no key {key!r}{guess} Keys: {', '.join(fields)}.")
        if not _is_a(value, hints[key]):
            raise UsageError(f"{key} = {value!r}: write {_WANTED[key]}.")
    for key, one in fields.items():
        if one.default is dataclasses.MISSING and key not in values:
            raise UsageError(f"{name} needs {key}: write {_WANTED[key]}.")
    return kind(**values)


def table_of(rule: Rule) -> dict[str, Any]:
    """A rule as plain values, from which ``rule_of`` makes it again."""
    given = {one.name: _plain(getattr(rule, one.name)) for one in dataclasses.fields(rule)}
    return {DO: rule.name} | {key: value for key, value in given.items() if value not in ("", None)}


def _plain(value: Any) -> Any:
    """A value of a filter as JSON can hold it: dates as text."""
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value.isoformat() if isinstance(value, date) else value


_WANTED = {
    "when": 'a filter such as {category = "Books"}',
    "why": "text",
    "place": "a whole number, the first place being 1",
    "by": "a number above 1",
    "column": "the name of a column",
    "most": "a whole number of items",
    "per": "a whole number of places",
}


def _is_a(value: object, hint: Any) -> bool:
    if isinstance(value, bool):
        return False
    if hint is float:
        return isinstance(value, int | float)
    return isinstance(value, Mapping) if hint == Tests else isinstance(value, hint)


def _more_than_one(by: float) -> None:
    if not 1 < by < float("inf"):
        raise UsageError(f"by must be a number above 1, got {by!r}.")
