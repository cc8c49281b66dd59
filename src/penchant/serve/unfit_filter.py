"""What is wrong with a filter, told by place: asked only where a question was refused."""

from __future__ import annotations

from collections.abc import Mapping

from penchant.core import UsageError
from penchant.rank import ItemFields, filter_of

from .edge import FieldError, nearest

_LISTED = 30
"""Columns that an answer lists."""


def unfit_filter(tests: Mapping[str, object], fields: ItemFields) -> list[FieldError]:
    """The tests of a filter that the items cannot be held to, each with what to do.

    Args:
        tests: by column, as they were sent.
        fields: the columns of the items.
    """
    known = ("item_id", *fields.names)
    return [
        _column(name, known) if name not in known else _test(name)
        for name, test in tests.items()
        if _fails(name, test, fields)
    ]


def _fails(name: str, test: object, fields: ItemFields) -> bool:
    try:
        filter_of({name: test}, fields)
    except UsageError:
        return True
    return False


def _column(name: str, known: tuple[str, ...]) -> FieldError:
    near = nearest(name, known)
    guess = f" Did you mean {near}?" if near else ""
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    listed = f" They have: {', '.join(known[:_LISTED])}{more}."
    pointer = f"/filter/{name}" if near else "/filter"
    return FieldError("no-such-column", f"The items have no such column.{guess}{listed}", pointer)


def _test(name: str) -> FieldError:
    escaped = name.replace("~", "~0").replace("/", "~1")
    detail = (
        "The column holds values of another kind, or the test says nothing. Numbers and dates take a "
        "value or a range, text takes words, each a value or a list of values."
    )
    return FieldError("unfit-test", detail, f"/filter/{escaped}")
