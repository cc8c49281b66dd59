"""Bodies about what people did and were shown."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SkipValidation

from .fields import Id, Kind, Moment, Number, Said, StrictModel

EVENTS = 4_000
"""Most events of a body: of 250 bytes each they are within the megabyte that the edge takes."""


class EventIn(StrictModel):
    """Somebody did something with an item."""

    user_id: Id = Field(examples=["u1"])
    item_id: Id = Field(
        description="The item. It need not be in the catalogue yet.", examples=["i7"]
    )
    event: Kind = Field("event", description="The kind of event.", examples=["click"])
    event_id: Id | None = Field(
        None,
        description="Unique. A second event of the same id changes nothing, so a retry is safe. "
        "Without one the server makes one up, and a retry is a second event.",
        examples=["7c6f3a52"],
    )
    event_time: Moment | None = Field(
        None, description="When it happened; now by default.", examples=[1767225600.0]
    )
    value: Number | None = Field(None, description="A rating, a price, a count.", examples=[4.5])
    session_id: Id | None = Field(None, description="The visit it belongs to.")


class EventsIn(StrictModel):
    """Many events, answered one by one: those that are right are stored. A megabyte at most."""

    events: Annotated[list[SkipValidation[EventIn]], Field(min_length=1, max_length=EVENTS)]


class Wrong(Said):
    """One thing wrong with a request; either of the body or of a parameter."""

    pointer: str | None = Field(
        None, description="Where in the body, as a JSON pointer.", examples=["/events/3/user_id"]
    )
    parameter: str | None = Field(
        None, description="The parameter of the path, the query or the headers.", examples=["limit"]
    )
    code: str = Field(examples=["missing"])
    detail: str = Field("", examples=["Field required"])


class EventResult(Said):
    """What became of one event."""

    event_id: str | None = Field(description="Its id; null for an invalid one.")
    status: Literal["stored", "duplicate", "invalid"]
    errors: list[Wrong] | None = Field(None, description="What is wrong with an invalid one.")


class EventsOut(Said):
    """A result for each event, in order. What is ``stored`` will survive a power cut."""

    results: list[EventResult]
    durability: Literal["fsync"] = "fsync"


class EventOut(Said):
    """An event as it was stored."""

    event_id: str
    user_id: str
    item_id: str
    event: str
    event_time: float
    received_at: float
    value: float | None = None
    session_id: str | None = None


class UserEventsOut(Said):
    """Events of a user, newest first."""

    events: list[EventOut]


class ShownIn(StrictModel):
    """An item of a list that was shown."""

    item_id: Id
    position: int | None = Field(
        None, ge=0, le=100_000, description="Its place; 0 is the top. By default that of the list."
    )
    propensity: Number | None = Field(
        None, gt=0, le=1, description="The probability with which it was put there, if drawn."
    )


class ImpressionsIn(StrictModel):
    """A list that was shown to somebody: the raw material of learning."""

    request_id: Id = Field(description="The request_id of the answer that was shown.")
    items: Annotated[list[ShownIn | Id], Field(min_length=1, max_length=1000)] = Field(
        description="What was shown, from the top; positions count up where none are given.",
        examples=[["i7", "i9"]],
    )
    model_version: Id = Field(description="The model_version of the answer.")
    user_id: Id | None = None
    shown_at: Moment | None = Field(None, description="When; now by default.")
    policy: Kind | None = Field(None, description="How the list was chosen, such as an arm.")


class ImpressionsOut(Said):
    """How many impressions were stored; those told before count once."""

    stored: int
    durability: Literal["fsync"] = "fsync"
