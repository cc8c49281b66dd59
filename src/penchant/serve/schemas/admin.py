"""Bodies about the service itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from .fields import Id, Said, StrictModel


class ModelOut(Said):
    """A model of the registry."""

    name: str
    model: str
    added: str
    source: str
    about: dict[str, Any]
    current: bool
    previous: bool


class ModelsOut(Said):
    """The models that there are; the one that answers, the one before, and what was done."""

    models: list[ModelOut]
    current: str | None
    previous: str | None
    history: list[dict[str, Any]]


class ReloadIn(StrictModel):
    """A run to take into the registry, to look at, and to let answer."""

    run: Annotated[str, StringConstraints(min_length=1, max_length=1024)] | None = Field(
        default=None,
        description="A folder beside the run that the service was started with; that run by default.",
        examples=["second"],
    )
    promote: bool = Field(default=True, description="False: look at it and register it only.")


class PromoteIn(StrictModel):
    """A registered model to look at and to let answer."""

    version: Id = Field(examples=["sasrec-3f2a9c01d4ab"])


class SwapOut(Said):
    """What came of it."""

    version: str = Field(description="What was looked at.")
    current: str | None
    previous: str | None
    figures: dict[str, float] = Field(
        description="Of the look at it: items, questions, seconds to load and for the slowest "
        "question, bytes of memory."
    )


class ChangeOut(Said):
    """Something that happened: an event, an item or a user that was put, somebody erased."""

    model_config = ConfigDict(extra="allow")

    seq: int
    received_at: float
    kind: Literal["event", "item", "user", "erased"]


class ChangesOut(Said):
    """What happened, oldest first."""

    changes: list[ChangeOut]
    last_seq: int = Field(description="The last of all changes.")


class StatusOut(Said):
    """How the service is."""

    version: str = Field(description="Of penchant.")
    worker: int = Field(description="Process id of the worker that answered.")
    model_version: str
    started_at: float
    uptime_seconds: float
    last_seq: int
    items: int = Field(description="Items that can be recommended.")
    items_put: dict[str, int] = Field(description="Items that were put: pending, ready, failed.")
    clocks_clamped: int = Field(description="Events whose time was too far in the future.")
    vectors: dict[str, int] = Field(description="User vectors found in memory, and made.")
    asking: dict[str, int] = Field(description="Questions: calls of the model, answered, waiting.")
