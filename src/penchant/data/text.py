"""What a catalogue says about its items: columns as text, and which of them a model reads."""

from __future__ import annotations

import re

import polars as pl

from .columns import DESCRIPTION, ITEM, TAGS, TITLE

_NEVER = re.compile(
    r"(^|_)(id|ids|uid|url|urls|uri|link|links|href|image|images|img|picture|photo|thumbnail|video"
    r"|videos|price|prices|currency|date|time|timestamp|year|created|updated|created_at|updated_at"
    r"|available|asin|isbn|sku|ean|upc|gtin|hash|entities|lang|language)$",
    re.IGNORECASE,
)


def words(column: pl.Series) -> pl.Series:
    """A column as clean text; "" where there is nothing."""
    if _is_binary(column.dtype):
        return pl.repeat("", len(column), eager=True).alias(column.name)
    if isinstance(column.dtype, pl.List | pl.Array):
        inner = column.cast(pl.List(pl.String), strict=False).list.eval(
            pl.element().str.strip_chars()
        )
        column = inner.list.eval(pl.element().filter(pl.element() != "")).list.join(", ")
    elif column.dtype.is_float():
        column = column.fill_nan(None)
        whole = column.is_null() | ((column == column.floor()) & (column.abs() < 2**53))
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
    if column.name == ITEM or _NEVER.search(column.name) or set(column.name) & {"{", "}"}:
        return False  # a template cannot name a column with braces
    inner = column.dtype.inner if isinstance(column.dtype, pl.List) else column.dtype
    return inner in (pl.String, pl.Categorical, pl.Enum) and bool((words(column) != "").any())


def _is_binary(kind: pl.DataType) -> bool:
    """Whether a type holds bytes or Python objects, such as pictures, at any depth."""
    if isinstance(kind, pl.Struct):
        return any(_is_binary(field.dtype) for field in kind.fields)  # type: ignore[arg-type]  # polars types dtype loosely
    inner = getattr(kind, "inner", None)
    return kind in (pl.Binary, pl.Object) or (inner is not None and _is_binary(inner))


def _is_bare(column: pl.Series) -> bool:
    """Whether most of a column are numbers, dates or links: text by type only, as in a CSV file."""
    text = words(column)
    text = text.filter(text != "")
    bare = text.str.contains(r"^(https?://\S+|[\d\s.,:/TZ+-]+|(?i:true|false|nan|null|none))$")
    return int(bare.sum()) * 2 >= len(text)
