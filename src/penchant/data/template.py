"""A template over the columns of a catalogue, and what becomes of missing fields."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from penchant.core import UsageError

from .columns import near
from .text import words

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_CLOSING = re.compile(r"[)\]}\"'»\u201d\u2019]*")
_BETWEEN = re.compile(r"[\s.,;:|/·•!?\u2013\u2014-]*")


@dataclass(frozen=True)
class _Field:
    """One field of a template with the text that comes and goes with it."""

    between: str
    opening: str
    name: str
    closing: str


def parse(template: str, columns: Sequence[str]) -> tuple[list[_Field], str]:
    """The fields of a template, and the text after the last one.

    Raises:
        UsageError: the template names a column that is not there, or none at all.
    """
    fields: list[_Field] = []
    rest = ""
    for literal, name in _parts(template):
        closing = _CLOSING.match(literal).group() if fields else ""  # type: ignore[union-attr]  # matches anything
        if fields:
            last = fields[-1]
            fields[-1] = _Field(last.between, last.opening, last.name, closing)
        rest = literal[len(closing) :]
        if name is None:
            continue
        if name not in columns:
            raise UsageError(_unknown(template, name, columns))
        between = _BETWEEN.match(rest).group() if fields else ""  # type: ignore[union-attr]  # matches anything
        fields.append(_Field(between, rest[len(between) :], name, ""))
        rest = ""
    if not fields:
        raise UsageError(f"template {template!r} names no column. Write columns as {{title}}.")
    return fields, rest


def fields_of(template: str) -> list[str]:
    """The columns that a template names, in its order.

    >>> fields_of("{title} ({year})")
    ['title', 'year']

    Raises:
        UsageError: a lone brace.
    """
    return [name for _, name in _parts(template) if name is not None]


def _parts(template: str) -> list[tuple[str, str | None]]:
    """Each field with the text before it; last the text after all of them, with None.

    A name is all that stands between braces, as columns may be called ``genre:token`` or ``a.b``;
    ``{{`` and ``}}`` are braces of the text.
    """
    parts: list[tuple[str, str | None]] = []
    literal, at = "", 0
    for piece in _PIECE.finditer(template):
        literal += template[at : piece.start()]
        at = piece.end()
        if piece.group() in ("{{", "}}"):
            literal += piece.group()[0]
        elif piece[1] is None:
            raise UsageError(
                f"template {template!r}: a lone {piece.group()}. Write columns as {{title}}."
            )
        else:
            parts.append((literal, piece[1]))
            literal = ""
    return [*parts, (literal + template[at:], None)]


def render(table: pl.DataFrame, template: str) -> list[str]:
    """One text an item; "" where none of its fields has a value.

    A missing field vanishes with its punctuation: brackets and words that lead up to it, and the
    separator between it and its neighbour. Lists are joined by commas.

    >>> films = pl.DataFrame({"title": ["Alien", "Heat"], "year": [1979, None], "genres": [["Horror"], []]})
    >>> render(films, "{title} ({year}). {genres}")
    ['Alien (1979). Horror', 'Heat']

    Args:
        table: the catalogue, one row an item.
        template: such as ``"{title}. {genres}"``.

    Raises:
        UsageError: the template names a column that is not there, or none at all.
    """
    fields, rest = parse(template, table.columns)
    text = pl.Series("text", [""] * table.height, pl.String)
    for field in fields:
        value = words(table[field.name])
        frame = pl.DataFrame({"text": text, "value": value})
        said, now = pl.col("text"), pl.col("value")
        piece = pl.format("{}{}{}", pl.lit(field.opening), now, pl.lit(field.closing))
        # a title that ends in a full stop needs no second one
        between = (
            pl.when(said.str.contains(r"[.!?;:,]$"))
            .then(pl.lit(field.between.lstrip(".,;:")))
            .otherwise(pl.lit(field.between))
        )
        joined = (
            pl.when(said == "").then(piece).otherwise(pl.format("{}{}{}", said, between, piece))
        )
        text = frame.select(
            pl.when(now == "").then(said).otherwise(joined).alias("text")
        ).to_series()
    if rest:
        text = pl.select(pl.when(text == "").then(text).otherwise(text + rest)).to_series()
    return text.to_list()


def _unknown(template: str, name: str, columns: Sequence[str]) -> str:
    guess = near(name, columns)
    hint = f"Did you mean {{{guess}}}?" if guess else f"Columns: {', '.join(columns)}."
    return f"template {template!r}: no column {name!r}. {hint}"
