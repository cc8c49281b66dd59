"""Kinds of value that several bodies share, each with its bounds."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from ..edge import Id, StrictModel

__all__ = [
    "Columns",
    "FieldName",
    "FieldValue",
    "Id",
    "Kind",
    "Moment",
    "MomentParameter",
    "Number",
    "Said",
    "Scalar",
    "StrictModel",
]

LATEST = 1e11
"""Seconds since 1970 from which on a time must be milliseconds: the year 5138."""


class Said(BaseModel):
    """A body that is written."""

    model_config = ConfigDict(frozen=True)


def _moment(value: Any) -> Any:
    """Seconds since 1970 (UTC), from ISO 8601 with its offset; numbers as they are."""
    if not isinstance(value, str):
        return value
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError(
            "time_unreadable",
            "A time is seconds since 1970 or ISO 8601, such as 2026-01-31T12:00:00Z.",
        ) from None
    if read.tzinfo is None:
        raise PydanticCustomError("time_without_offset", "A time in text ends in Z or its offset.")
    return read.timestamp()


def _number_or_text(text: Any) -> Any:
    """A number where the text is one."""
    try:
        return float(text)
    except (TypeError, ValueError):
        return text


def _in_seconds(value: float) -> float:
    if not (math.isfinite(value) and 0 <= value < LATEST):
        raise PydanticCustomError(
            "time_out_of_range",
            "A time is in seconds since 1970, and from then on. Were these milliseconds?",
        )
    return value


Kind = Annotated[
    Id,
    StringConstraints(max_length=64),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 64}),
]
"""A kind of event, such as ``click``."""

Moment = Annotated[
    float,
    BeforeValidator(_moment),
    AfterValidator(_in_seconds),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "format": "date-time"}]}),
]
"""Seconds since 1970 (UTC), or ISO 8601 with its offset."""

MomentParameter = Annotated[Moment, BeforeValidator(_number_or_text)]
"""The same in an address, where numbers are text too."""

Number = Annotated[float, Field(allow_inf_nan=False)]
"""A finite number."""

Text = Annotated[str, StringConstraints(max_length=100_000)]
"""Words of an item or a user."""

FieldName = Annotated[Id, StringConstraints(max_length=128)]
Scalar = Text | bool | int | Number
FieldValue = Scalar | Annotated[list[Text | int | Number], Field(max_length=1000)] | None
Columns = Annotated[dict[FieldName, FieldValue], Field(max_length=256)]
"""Columns of an item or a user by name: text, numbers, truth, or lists."""
