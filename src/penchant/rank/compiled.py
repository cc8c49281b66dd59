"""A policy's rules, checked against the columns of a catalogue and worked out for every item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError

from .columns import BlankColumn
from .config import PolicyConfig, label
from .fields import ItemFields
from .filters import Filter, filter_of
from .masks import Mask
from .number_column import NumberColumn
from .rules import Boost, Bury, Cap, Exclude, Include, Pin, Rule
from .word_column import WordColumn


@dataclass
class Compiled:
    """What the rules come to.

    Attributes:
        listable: which items may ever be listed, (items,); None for all.
        bars: what is required of an item, with the reason where it does not hold.
        factors: what places are divided by, (items,); None where no rule moves items.
        moves: each boost and burial with its items.
        pins: each pin with its items, (items,).
        caps: each cap with its column.
        shares: the column that is calibrated.
        created: seconds since 1970 (items,), or None where no dates are known.
        notes: what whoever wrote the policy may not have meant.
        wrong: everything that is wrong.
    """

    listable: Mask | None = None
    bars: list[tuple[Filter, str]] = field(default_factory=list)
    factors: NDArray[np.float64] | None = None
    moves: list[tuple[Boost | Bury, Filter]] = field(default_factory=list)
    pins: list[tuple[Pin, Filter, Mask]] = field(default_factory=list)
    caps: list[tuple[Cap, WordColumn]] = field(default_factory=list)
    shares: WordColumn | None = None
    created: NDArray[np.float64] | None = None
    notes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def require(self, test: Filter, mask: Mask, reason: str) -> None:
        """Only items for which ``mask`` holds may be listed."""
        self.listable = mask if self.listable is None else self.listable & mask
        self.bars.append((test, reason))

    def move(self, rule: Boost | Bury, test: Filter, mask: Mask) -> None:
        """Items for which ``mask`` holds move up or down."""
        if self.factors is None:
            self.factors = np.ones(len(mask))
        self.factors[mask] *= rule.by if isinstance(rule, Boost) else 1 / rule.by
        self.moves.append((rule, test))

    @contextmanager
    def collecting(self, where: str) -> Iterator[None]:
        """Keep an error of the lines inside for later, so that all are told at once."""
        try:
            yield
        except UsageError as error:
            self.wrong.append(f"{where}: {error}")


def compiled(config: PolicyConfig, fields: ItemFields) -> Compiled:
    """The rules of a policy over the items of a catalogue.

    Raises:
        UsageError: every rule that names a column that is not there, or asks a column for what it
            cannot hold.
    """
    made = Compiled()
    _available(config, fields, made)
    rules: Sequence[Rule] = config.rules
    for number, rule in enumerate(rules, 1):
        where = label(number, rule)
        with made.collecting(where):
            if isinstance(rule, Cap):
                made.caps.append((rule, words_of(fields, rule.column)))
            else:
                _ruled(rule, where, fields, made)
    if config.calibration is not None:
        with made.collecting("calibration"):
            made.shares = words_of(fields, config.calibration.column)
    _dated(config, fields, made)
    _no_two_pins(made)
    if made.wrong:
        raise UsageError("\n".join(made.wrong))
    if made.listable is not None and len(fields) and not made.listable.any():
        made.notes.append("the rules leave not a single item to list")
    return made


def _ruled(
    rule: Include | Exclude | Pin | Boost | Bury, where: str, fields: ItemFields, made: Compiled
) -> None:
    test = filter_of(rule.when, fields)
    mask = test.mask()
    if not mask.any():
        made.notes.append(f"{where} holds for no item: {test}")
    because = f" ({rule.why})" if rule.why else ""
    if isinstance(rule, Include):
        made.require(test, mask, f"only items are listed of which {test}{because}")
    elif isinstance(rule, Exclude):
        other = _negation(test)
        made.require(other, other.mask(), f"left out, as {test}{because}")
    elif isinstance(rule, Pin):
        made.pins.append((rule, test, mask))
    else:
        made.move(rule, test, mask)


def _negation(test: Filter) -> Filter:
    return Filter((lambda rows: np.logical_not(test.mask(rows)),), f"not ({test})")


def _available(config: PolicyConfig, fields: ItemFields, made: Compiled) -> None:
    name = config.availability
    if not name or (name == PolicyConfig.availability and name not in fields.names):
        return
    with made.collecting("availability"):
        column = fields.column(name)
        if isinstance(column, BlankColumn):
            return
        if not isinstance(column, NumberColumn) or column.kind == "date":
            raise UsageError(
                f"{name} must hold true and false, or how many are in stock. Write "
                'availability = "" to do without.'
            )
        values = column.values
        test = Filter((lambda rows: ~(values[rows] <= 0),), f"{name}")  # NaN passes
        made.require(test, test.mask(), f"not to be had: {name} says so")


def _dated(config: PolicyConfig, fields: ItemFields, made: Compiled) -> None:
    if config.freshness is not None:
        with made.collecting("freshness"):
            made.created = fields.moments(config.created)
    elif config.created in fields.names:
        try:
            made.created = fields.moments(config.created)
        except UsageError as error:
            made.notes.append(f"no item counts as new: {error}")
    elif config.created not in ("", PolicyConfig.created):
        with made.collecting("created"):
            fields.column(config.created)


def _no_two_pins(made: Compiled) -> None:
    places = [pin.place for pin, _, _ in made.pins]
    for place in sorted({place for place in places if places.count(place) > 1}):
        made.wrong.append(f"place {place} has {places.count(place)} pins: give each its own place.")


def words_of(fields: ItemFields, name: str) -> WordColumn:
    """A column as words, numbers too.

    Raises:
        UsageError: there is no such column, or it holds neither.
    """
    column = fields.column(name)
    if isinstance(column, WordColumn):
        return column
    if isinstance(column, BlankColumn):
        return WordColumn.of(name, [None] * len(fields))
    if isinstance(column, NumberColumn) and column.kind != "date":
        numbers, place = np.unique(column.values, return_inverse=True)
        return WordColumn.of(name, [_whole(value) for value in numbers.tolist()]).at(place)
    raise UsageError(f"{name} holds no words. Name a column such as category or seller.")


def _whole(value: float) -> float | int:
    return int(value) if value.is_integer() else value
