"""A catalogue alone, for what needs texts and no events."""

from __future__ import annotations

from penchant.core import Catalogue

from .items import catalogue, checked_items
from .problems import Problems
from .settings import check_encoding
from .sources import Source, open_table


def read_items(items: Source, template: str | None = None, encoding: str = "utf-8") -> Catalogue:
    """Read items with text and check them.

    Args:
        items: as in ``read``.
        template: the text of an item, such as ``"{title}. {genres}"``; made from the columns where
            nothing is given.
        encoding: of text files.

    Raises:
        DataError: with everything that is wrong with the items.
        UsageError: a wrong setting.
    """
    check_encoding(encoding)
    problems = Problems()
    table = open_table(items, "items", encoding, problems)
    frame = checked_items(table, problems) if table is not None else None
    if problems.found or table is None or frame is None:
        raise problems.error()
    return catalogue(frame, template, table.where, problems)
