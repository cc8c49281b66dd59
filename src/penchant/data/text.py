"""What a language model reads of an item: a template over the columns of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from string import Formatter

import polars as pl

from penchant.core import UsageError

from .columns import DESCRIPTION, ITEM, TAGS, TITLE, near

_NEVER = re.compile(
    r"(^|_)(id|ids|uid|url|urls|uri|link|links|href|image|images|img|picture|photo|thumbnail|video"
    r"|videos|price|prices|currency|date|time|timestamp|year|created|updated|created_at|updated_at"
    r"|available|asin|isbn|sku|ean|upc|gtin|hash|entities|lang|language)$",
    re.IGNORECASE,
)
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
    try:
        parts = [
            (before, name, spec, how) for before, name, spec, how in Formatter().parse(template)
        ]
    except ValueError as error:
        raise UsageError(f"template {template!r}: {error}. Write columns as {{title}}.") from error
    fields: list[_Field] = []
    rest = ""
    for literal, name, spec, conversion in parts:
        closing = _CLOSING.match(literal).group() if fields else ""  # type: ignore[union-attr]
        if fields:
            last = fields[-1]
            fields[-1] = _Field(last.between, last.opening, last.name, closing)
        rest = literal[len(closing) :]
        if name is None:
            continue
        if spec or conversion or name not in columns:
            raise UsageError(_unknown(template, name, columns))
        between = _BETWEEN.match(rest).group() if fields else ""  # type: ignore[union-attr]
        fields.append(_Field(between, rest[len(between) :], name, ""))
        rest = ""
    if not fields:
        raise UsageError(f"template {template!r} names no column. Write columns as {{title}}.")
    return fields, rest


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


def words(column: pl.Series) -> pl.Series:
    """A column as clean text; "" where there is nothing."""
    if isinstance(column.dtype, pl.List | pl.Array):
        inner = column.cast(pl.List(pl.String), strict=False).list.eval(
            pl.element().str.strip_chars()
        )
        column = inner.list.eval(pl.element().filter(pl.element() != "")).list.join(", ")
    elif column.dtype.is_float():
        whole = column.is_null() | (column == column.floor()) | column.is_nan()
        column = column.fill_nan(None)
        column = column.cast(pl.Int64) if whole.all() else column
    elif isinstance(column.dtype, pl.Struct):
        column = column.struct.json_encode()
    text = column.cast(pl.String).fill_null("")
    if column.name.lower() in TAGS:
        text = text.str.replace_all(r"\s*\|\s*", ", ")
    return text.str.replace_all(r"\s+", " ").str.strip_chars()


def default_template(table: pl.DataFrame) -> str:
    """A template for a catalogue of any columns.

    A title or name first, then categories, genres, brand and tags, then a description, then any
    other text. Ids, links, pictures, prices and dates are left out, and so are numbers.
    """
    text = [name for name in table.columns if _is_text(table[name])]
    lower = {name.lower(): name for name in reversed(text)}
    title = [lower[name] for name in TITLE if name in lower][:1]
    tags = [lower[name] for name in TAGS if name in lower]
    about = [lower[name] for name in DESCRIPTION if name in lower]
    rest = [name for name in text if not _is_bare(table[name])]
    ordered = list(dict.fromkeys([*title, *tags, *about, *rest]))
    return ". ".join(f"{{{name}}}" for name in ordered)


def title_column(table: pl.DataFrame) -> str | None:
    """The column that names an item for people, or None."""
    lower = {name.lower(): name for name in reversed(table.columns)}
    return next((lower[name] for name in TITLE if name in lower), None)


def _is_text(column: pl.Series) -> bool:
    """Whether a column may hold text at all, and holds any."""
    if column.name == ITEM or _NEVER.search(column.name):
        return False
    inner = column.dtype.inner if isinstance(column.dtype, pl.List) else column.dtype
    return inner in (pl.String, pl.Categorical, pl.Enum) and bool((words(column) != "").any())


def _is_bare(column: pl.Series) -> bool:
    """Whether most of a column are numbers, dates or links: text by type only, as in a CSV file."""
    text = words(column)
    text = text.filter(text != "")
    bare = text.str.contains(r"^(https?://\S+|[\d\s.,:/TZ+-]+|(?i:true|false|nan|null|none))$")
    return int(bare.sum()) * 2 >= len(text)


def _unknown(template: str, name: str, columns: Sequence[str]) -> str:
    guess = near(name, columns)
    hint = f"Did you mean {{{guess}}}?" if guess else f"Columns: {', '.join(columns)}."
    return f"template {template!r}: no column {name!r}. {hint}"
