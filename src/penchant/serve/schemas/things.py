"""Bodies about items and users."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, RootModel, model_validator
from pydantic_core import PydanticCustomError

from .fields import Columns, FieldValue, Id, Said, StrictModel

THINGS = 2_000
"""Most items or users of a body: of 500 bytes each they are within the megabyte that the edge takes."""


class ColumnsIn(RootModel[Columns]):
    """All columns of an item or a user, by name; they take the place of all earlier ones."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "title": "Paper Boats",
                    "description": "Gentle family story by the sea",
                    "category": "Drama",
                    "price": 9.5,
                    "available": True,
                }
            ]
        },
    )

    @model_validator(mode="after")
    def _has_its_id_elsewhere(self) -> ColumnsIn:
        for name in ("item_id", "user_id"):
            if name in self.root:
                raise PydanticCustomError("id_in_body", "the id stands in the address")
        return self


class ItemIn(StrictModel):
    """An item with its columns."""

    item_id: Id
    fields: Columns


class ItemsIn(StrictModel):
    """Many items at once; a megabyte at most."""

    items: Annotated[list[ItemIn], Field(min_length=1, max_length=THINGS)]


class UserIn(StrictModel):
    """A user with what is known of them."""

    user_id: Id
    fields: Columns


class UsersIn(StrictModel):
    """Many users at once; a megabyte at most."""

    users: Annotated[list[UserIn], Field(min_length=1, max_length=THINGS)]


class Put(Said):
    """An item in the log."""

    id: str
    seq: int = Field(description="Its place in the log.")
    state: Literal["ready", "pending", "failed"] = Field(
        description="ready: recommendable; pending: its text is being read; failed: see reason."
    )
    reason: str | None = Field(
        None, description="Why it cannot be recommended, or by its text; see state."
    )


class PutOut(Put):
    """It is durable."""

    durability: Literal["fsync"] = "fsync"


class ItemsPutOut(Said):
    """They are durable."""

    results: list[Put]
    durability: Literal["fsync"] = "fsync"


class UserPut(Said):
    """A user in the log."""

    id: str
    seq: int = Field(description="Its place in the log.")


class UserPutOut(UserPut):
    """It is durable."""

    durability: Literal["fsync"] = "fsync"


class UsersPutOut(Said):
    """They are durable."""

    results: list[UserPut]
    durability: Literal["fsync"] = "fsync"


class ItemFound(Said):
    """An item of the catalogue."""

    item_id: str
    title: str


class ItemsOut(Said):
    """Some of the catalogue."""

    items: list[ItemFound]
    total: int = Field(description="How many there are of which these are some.")


class ThingOut(Said):
    """An item or a user as it is known."""

    id: str
    fields: dict[str, FieldValue]


class ErasedOut(Said):
    """What was removed, by table."""

    user_id: str
    removed: dict[str, int]
    durability: Literal["fsync"] = "fsync"
