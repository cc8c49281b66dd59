"""The settings of a policy: the table ``[policy]`` of ``penchant.toml``."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from penchant.core import UsageError

from .rules import DO, RULES, Rule, rule_of, table_of
from .seen import day_limit

STAGES = ("popular", "newest", "any")
"""Where a list is filled from: items with events, most first; items with a date, newest first; the
others in the order of the catalogue."""


@dataclass(frozen=True, slots=True)
class MMR:
    """Maximal marginal relevance (Carbonell and Goldstein 1998).

    Each next item is weighed against the one above that it is most like.
    """

    name: ClassVar[str] = "mmr"
    weight: float = 0.3
    """From 0 (relevance alone) to 1 (unlikeness alone)."""

    def __post_init__(self) -> None:
        _share(self, "weight")


@dataclass(frozen=True, slots=True)
class DPP:
    """A determinantal point process, chosen from greedily (Chen et al. 2018).

    Each next item is weighed against all above together.
    """

    name: ClassVar[str] = "dpp"
    weight: float = 0.3
    """From 0 (relevance alone) to 1 (unlikeness alone)."""

    def __post_init__(self) -> None:
        _share(self, "weight")


@dataclass(frozen=True, slots=True)
class Calibration:
    """Shares of a list like the shares of the history (Steck 2018)."""

    column: str
    """The column that is shared out, such as genres; several words of an item count equal parts."""
    weight: float = 0.5
    """From 0 (relevance alone) to 1 (shares alone)."""
    smoothing: float = 0.01
    """How much of the history's shares is mixed into the list's, so that none is 0."""

    def __post_init__(self) -> None:
        _share(self, "weight")
        if not 0 < self.smoothing < 1:
            raise UsageError(f"Calibration.smoothing must lie between 0 and 1: {self.smoothing!r}.")


@dataclass(frozen=True, slots=True)
class Freshness:
    """Items count as if they stood further down the older they are."""

    half_life_days: float = 30.0
    """Days after which an item's place counts double."""
    least: float = 0.1
    """A place never counts more than 1 / least times; an item without a date counts so."""

    def __post_init__(self) -> None:
        if not 0 < self.half_life_days < float("inf"):
            raise UsageError(
                f"Freshness.half_life_days must be more than 0, got {self.half_life_days!r}."
            )
        if not 0 < self.least <= 1:
            raise UsageError(f"Freshness.least must be more than 0 and at most 1: {self.least!r}.")


@dataclass(frozen=True)
class PolicyConfig:
    """What a policy does.

    By default, items that somebody has had to do with are not listed again, nor those that are not
    available, and a list that would be short is filled up.
    """

    seen: Mapping[str, Any] = field(default_factory=dict)
    """By kind of event, whether its items are listed again: "never", "allow", or the days after
    which they may be."""

    seen_others: str | float = "never"
    """The same for kinds of event that `seen` does not name."""

    rules: Any = ()
    """Business rules in their order: a list of tables with the key `do`, or of rules."""

    availability: str = "available"
    """The column that says by true and false, or by a number in stock, what can be had; nothing
    where the catalogue has no such column. Items without a value there can be had. "" for none."""

    created: str = "created_at"
    """The column with the date of an item, for freshness and the newest; nothing where the
    catalogue has none."""

    freshness: Freshness | None = None
    """Whether newer items come first, and how much."""

    diversity: MMR | DPP | None = None
    """How a list is kept from being all alike; wants a model with vectors."""

    calibration: Calibration | None = None
    """Whether the list shares out a column as the history does."""

    fallback: Sequence[str] = STAGES
    """Where a list that would be short is filled from, in this order; nowhere if empty."""

    candidates: int = 200
    """How many of the model's best items the policy looks at where it may change their order."""

    separators: Mapping[str, Any] = field(default_factory=dict)
    """Columns whose text holds several words, with what stands between: {genres = "|"}."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", _rules(self.rules))
        for kind, again in self.seen.items():
            day_limit(again, f"seen.{kind}")
        day_limit(self.seen_others, "seen_others")
        object.__setattr__(self, "fallback", _stages(self.fallback))
        if self.candidates < 1:
            raise UsageError(f"candidates must be at least 1, got {self.candidates}.")
        for name, mark in self.separators.items():
            if not isinstance(mark, str) or not mark:
                raise UsageError(f"separators.{name} = {mark!r}: write text, such as '|'.")

    def table(self) -> dict[str, Any]:
        """The settings as plain values, those at their defaults left out: what a manifest holds."""
        found: dict[str, Any] = {}
        for one in dataclasses.fields(self):
            value = getattr(self, one.name)
            if value != getattr(_DEFAULT, one.name):
                found[one.name] = _plain(value)
        return found


def _stages(given: Sequence[Any]) -> tuple[str, ...]:
    stages = (given,) if isinstance(given, str) else tuple(given)
    if any(stage not in STAGES for stage in stages) or len(set(stages)) < len(stages):
        raise UsageError(
            f"fallback = {list(stages)!r}: write some of {', '.join(STAGES)}, each once, or an "
            "empty list for none."
        )
    return stages


def _rules(given: object) -> tuple[Rule, ...]:
    """The rules, every problem of theirs told at once."""
    if not isinstance(given, list | tuple):
        raise UsageError("rules is a list: write [[policy.rules]] above each of them.")
    made: list[Rule] = []
    wrong = []
    for number, rule in enumerate(given, 1):
        try:
            made.append(rule if isinstance(rule, Rule) else rule_of(rule))
        except UsageError as error:
            wrong.append(f"{label(number, rule)}: {error}")
    if wrong:
        raise UsageError("\n".join(wrong))
    return tuple(made)


def label(number: int, rule: object) -> str:
    """How an error names a rule, such as ``"rule 2 (cap)"``; the first is 1."""
    name = rule.get(DO) if isinstance(rule, Mapping) else getattr(rule, "name", None)
    return f"rule {number} ({name})" if name in RULES else f"rule {number}"


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [table_of(part) if isinstance(part, Rule) else part for part in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        name = getattr(value, "name", None)
        return ({"way": name} if name else {}) | dataclasses.asdict(value)
    return dict(value) if isinstance(value, Mapping) else value


def _share(config: object, name: str) -> None:
    value = getattr(config, name)
    if not 0 <= value <= 1:
        raise UsageError(f"{type(config).__name__}.{name} must be from 0 to 1, got {value!r}.")


_DEFAULT = PolicyConfig()
