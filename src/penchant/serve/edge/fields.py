"""What pydantic found wrong, told without what was sent.

Pydantic's own account holds the input, and its place may hold names that the client made up: a
pointer ends here at the last name that the schema knows. But for one thing: an unknown field is named
where it is near to a known one, as its name then says no more than a slip of the pen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core.core_schema import ErrorType

from .problems import FieldError, HttpProblem
from .strict_json import JsonLimits, parse_json

Model = TypeVar("Model", bound=BaseModel)

MOST = 20
"""Errors told of one request; a body of a thousand wrong events is wrong enough."""

BUILT_IN = frozenset(get_args(ErrorType))
# Those of pydantic's messages that are made of the schema alone. The others may quote the input,
# as "Input tag 'x' found" does. A PydanticCustomError says what its author wrote.
QUOTABLE = frozenset(
    [
        "bool_type",
        "dict_type",
        "enum",
        "finite_number",
        "float_type",
        "greater_than",
        "greater_than_equal",
        "int_from_float",
        "int_type",
        "less_than",
        "less_than_equal",
        "list_type",
        "literal_error",
        "missing",
        "model_attributes_type",
        "model_type",
        "none_required",
        "string_pattern_mismatch",
        "string_too_long",
        "string_too_short",
        "string_type",
        "too_long",
        "too_short",
    ]
)
SYNONYMS: Mapping[str, str] = {
    **dict.fromkeys(("timestamp", "time", "ts", "date", "datetime", "created_at"), "event_time"),
    **dict.fromkeys(("user", "uid", "customer", "customer_id", "visitor_id"), "user_id"),
    **dict.fromkeys(("item", "product", "product_id", "sku", "movie_id", "article_id"), "item_id"),
    **dict.fromkeys(("type", "kind", "action", "name", "event_name"), "event"),
    **dict.fromkeys(("rating", "score", "weight", "amount", "price"), "value"),
    **dict.fromkeys(("n", "n_items", "limit", "size", "count", "top", "topk", "top_k", "num"), "k"),
    **dict.fromkeys(("id", "uuid", "event_uuid"), "event_id"),
    **dict.fromkeys(("q", "text", "search", "words", "prompt"), "query"),
    **dict.fromkeys(("start", "skip", "from"), "offset"),
    **dict.fromkeys(("session", "visit", "visit_id"), "session_id"),
    **dict.fromkeys(("where", "filter_by"), "filter"),
}
"""What other services call our fields."""

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
LOCATIONS = ("body", "query", "path", "header", "cookie")


def names_of(schema: Any) -> frozenset[str]:
    """Every property of a JSON schema, or of an OpenAPI document, at any depth."""
    found: set[str] = set()
    rest = [schema]
    while rest:
        part = rest.pop()
        if isinstance(part, Mapping):
            properties = part.get("properties")
            if isinstance(properties, Mapping):
                found.update(properties)
            rest.extend(part.values())
        elif isinstance(part, list):
            rest.extend(part)
    return frozenset(found)


def read_model(body: bytes, model: type[Model], limits: JsonLimits | None = None) -> Model:
    """Read a body strictly and check it.

    Raises:
        HttpProblem: 400 ``malformed-json``, or 422 ``invalid-body`` with what is wrong and where.
    """
    document = parse_json(body, limits)
    try:
        return model.model_validate(document)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        raise invalid_body(found, _names_in(model)) from None


@cache
def _names_in(model: type[BaseModel]) -> frozenset[str]:
    return names_of(model.model_json_schema())


def invalid_body(found: Sequence[Mapping[str, Any]], names: Iterable[str]) -> HttpProblem:
    """The answer to a body that does not fit, from what pydantic found."""
    errors = field_errors(found, names)
    more = f" The first {MOST} places are listed." if len(found) > len(errors) >= MOST else ""
    return HttpProblem(422, "invalid-body", f"See errors for what and where.{more}", errors=errors)


def field_errors(
    found: Sequence[Mapping[str, Any]], names: Iterable[str], *, within: tuple[str, ...] = ()
) -> list[FieldError]:
    """At most ``MOST`` errors, each place and code once, in the order of the fields.

    Args:
        found: ``ValidationError.errors()``, or those of FastAPI's ``RequestValidationError``, whose
            places begin with ``body``, ``query`` and so on only where ``within`` says so.
        names: that the schema knows (``names_of``); no other is repeated.
        within: ``LOCATIONS`` for errors of FastAPI.
    """
    names = frozenset(names)
    told: dict[FieldError, None] = {}
    for error in found:
        place = tuple(error["loc"])
        where = "body"
        if place and place[0] in within:
            where, place = str(place[0]), place[1:]
        told[_told(error, where, place, names)] = None
        if len(told) == MOST:
            break
    return list(told)


def _told(
    error: Mapping[str, Any], where: str, place: tuple[Any, ...], names: frozenset[str]
) -> FieldError:
    code = str(error["type"])
    if code == "extra_forbidden":
        near = nearest(place[-1], names)
        detail = _unknown(near)
        if where == "body":
            pointer = _pointer(place[:-1], names)
            if near and pointer.count("/") == len(place) - 1:  # the way there is known
                pointer = f"{pointer}/{place[-1]}"
            return FieldError(code.replace("_", "-"), detail, pointer=pointer)
        place = place[:-1]
    elif code in QUOTABLE or code not in BUILT_IN:
        detail = str(error["msg"])
    else:
        detail = "The value does not fit."
    if where == "body":
        return FieldError(code.replace("_", "-"), detail, pointer=_pointer(place, names))
    parameter = str(place[0]) if place else where
    return FieldError(code.replace("_", "-"), detail, parameter=parameter)


def nearest(name: object, known: Iterable[str]) -> str:
    """The known name that a made-up one was meant for; "" where none is near, or it is hardly a name.

    >>> nearest("usre_id", ["user_id", "k"]), nearest("timestamp", ["event_time"])
    ('user_id', 'event_time')
    >>> nearest("colour", ["user_id", "k"])
    ''
    """
    told, known = str(name), set(known)
    if not _PLAIN.fullmatch(told):
        return ""
    meant = SYNONYMS.get(told.lower().replace("-", "_"), "")
    if meant in known:
        return meant
    close = get_close_matches(told, sorted(known - {told}), n=1)
    return close[0] if close else ""


def _unknown(near: str) -> str:
    if near:
        return f"There is no such field here. Did you mean {near}?"
    return "A field that there is not here. /openapi.json lists those that there are."


def _pointer(place: tuple[Any, ...], names: frozenset[str]) -> str:
    """The JSON Pointer up to the last part that is a position or a name of the schema."""
    parts = []
    for part in place:
        if not isinstance(part, int) and part not in names:
            break
        parts.append(str(part).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{part}" for part in parts)
