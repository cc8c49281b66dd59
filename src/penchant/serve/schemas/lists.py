"""Bodies about what is recommended and why."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from .fields import FieldName, Id, Kind, Moment, Number, Said, Scalar, StrictModel


class PastIn(StrictModel):
    """One thing that somebody did, where more than the item is known."""

    item_id: Id
    event: Kind | None = None
    event_time: Moment | None = None


class RangeIn(StrictModel):
    """From ``min`` to ``max``, both included."""

    min: Number | None = None
    max: Number | None = None


History = Annotated[list[Id | PastIn], Field(max_length=1000)]
Filter = Annotated[
    dict[FieldName, Scalar | Annotated[list[Scalar], Field(max_length=1000)] | RangeIn],
    Field(
        max_length=32,
        description="Columns of the items and what they must hold: a value, any of a list, or a "
        "range.",
        examples=[{"category": "Books", "price": {"max": 20}}],
    ),
]
Words = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]


class Asking(StrictModel):
    """Whom a question is about; of several, all are used."""

    user_id: Id | None = Field(
        None,
        description="Somebody known, or new: their events so far are used unless a history is given.",
        examples=["u1"],
    )
    history: History | None = Field(
        None, description="What somebody chose, oldest first.", examples=[["i7", "i9"]]
    )
    query: Words | None = Field(
        None,
        description="What is wanted, in words.",
        examples=["a slow, warm film for a rainy evening"],
    )

    def names_somebody(self) -> bool:
        """Whether there is anything to answer with."""
        return self.user_id is not None or bool(self.history) or self.query is not None


class ListIn(StrictModel):
    """Which list is wanted."""

    k: int = Field(10, ge=1, le=1000, description="Length of the list.")
    offset: int = Field(
        0, ge=0, le=999, description="How many of the best to skip; k and offset: at most 1000."
    )
    filter: Filter | None = None
    exclude: Annotated[list[Id], Field(max_length=10_000)] = Field(
        [], description="Items not to list."
    )
    explain: bool = Field(False, description="Whether to give reasons.")
    diversity: Number | None = Field(
        None, ge=0, le=1, description="0: best first; 1: as unlike each other as can be."
    )


class RecommendIn(Asking, ListIn):
    """A question: the best items for somebody, for a history, for words, or like an item."""

    similar_to: Id | None = Field(
        None,
        description="An item to find others like: by vectors, or by a history of that item alone. "
        "422 where the model ranks alike for everybody.",
    )

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.names_somebody() and self.similar_to is None:
            raise PydanticCustomError(
                "nothing_asked", "give a user_id, a history, a query or similar_to"
            )
        return self


class SimilarIn(ListIn):
    """A question: the items nearest to one."""

    item_id: Id = Field(examples=["i7"])


class ExplainIn(Asking):
    """Why an item suits somebody."""

    item_id: Id = Field(examples=["i42"])

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.names_somebody():
            raise PydanticCustomError("nothing_asked", "give a user_id, a history or a query")
        return self


class ItemScored(Said):
    """One item of a list."""

    item_id: str
    score: float = Field(description="Comparable within one list only.")
    title: str = ""
    reasons: list[str] | None = Field(None, description="Why, where it was asked.")


class DecidedOut(Said):
    """One thing that the policy did."""

    step: str = Field(description="The part of the policy.", examples=["fallback"])
    text: str
    item: str | None = Field(None, description="The item it is about; null for the whole list.")


class ListOut(Said):
    """A list, best first."""

    items: list[ItemScored]
    model_version: str = Field(examples=["sasrec-3f2a9c01d4ab"])
    request_id: str = Field(description="Name it when you tell what was shown.")
    policy: str | None = Field(
        None,
        description="The arm of an experiment that the list belongs to: send it along when you tell "
        "what was shown. Absent outside of experiments.",
        examples=["autumn/new"],
    )
    decisions: list[DecidedOut] | None = Field(
        None, description="What the policy did to the list, where reasons were asked."
    )


class ReasonOut(Said):
    """One reason."""

    text: str = Field(examples=["because you liked Toy Story (1995)"])
    item_id: str | None = Field(None, description="The past item it speaks of.")
    effect: float | None = Field(
        0.0,
        description="By how much the score would fall without it, in the model's own units; null "
        "where nothing would be left to go by.",
    )


class ExplainOut(Said):
    """Reasons, strongest first."""

    item_id: str
    score: float
    reasons: list[ReasonOut]
    barred: list[DecidedOut] = Field(description="What keeps it from being listed.")
    model_version: str
    request_id: str
