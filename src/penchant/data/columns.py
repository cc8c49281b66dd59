"""The names of columns, once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

USER = "user_id"
ITEM = "item_id"
TIME = "timestamp"
POSITION = "position"
EVENT = "event"
VALUE = "value"
WHEN = "__when__"
"""Private: the time or position of an event as a number."""

EVENT_COLUMNS = (USER, ITEM, TIME, POSITION, EVENT, VALUE)

ALIASES = {
    USER: ("userid", "user", "uid", "reviewerid", "customerid", "memberid", "visitorid", "u"),
    ITEM: [
        "itemid",
        "movieid",
        "productid",
        "asin",
        "parentasin",
        "newsid",
        "artistid",
        "bookid",
        "songid",
        "trackid",
        "articleid",
        "isbn",
        "sku",
        "businessid",
        "gameid",
        "videoid",
        "item",
        "iid",
        "product",
        "i",
    ],
    TIME: (
        "time",
        "ts",
        "unixreviewtime",
        "unixtime",
        "datetime",
        "date",
        "createdat",
        "eventtime",
    ),
    POSITION: ("pos", "order", "rank", "index", "step"),
    EVENT: ("eventtype", "type", "action", "behavior", "behaviour", "kind"),
    VALUE: ("rating", "overall", "score", "stars", "weight", "count", "quantity"),
}
"""What other people call our columns, in lower case without punctuation: suggested, never taken."""

TITLE = ("title", "name", "movie_title", "product_title", "product_name", "item_name", "headline")
TAGS = [
    "category",
    "categories",
    "main_category",
    "subcategory",
    "genres",
    "genre",
    "brand",
    "artist",
    "author",
    "authors",
    "store",
    "tags",
    "keywords",
]
DESCRIPTION = ("abstract", "summary", "description", "features", "overview", "plot")


def plain(name: str) -> str:
    """A column name in lower case without punctuation."""
    return re.sub(r"[^0-9a-z]", "", name.lower())


def near(name: str, among: Iterable[str]) -> str | None:
    """The one of ``among`` that was most likely meant by ``name``, or None.

    >>> near("titel", ["title", "genres"])
    'title'
    """
    written = {plain(other): other for other in among}
    found = difflib.get_close_matches(plain(name), list(written), n=1, cutoff=0.6)
    return written[found[0]] if found else None


def meant(name: str, among: Sequence[str]) -> str | None:
    """The column of a file that probably holds what we call ``name``, or None.

    >>> meant("user_id", ["userId", "movieId"])
    'userId'
    >>> meant("item_id", ["userId", "movieId"])
    'movieId'
    """
    free = [column for column in among if column not in EVENT_COLUMNS]
    for alias in (plain(name), *ALIASES.get(name, ())):
        for column in free:
            if plain(column) == alias:
                return column
    return near(name, free)
