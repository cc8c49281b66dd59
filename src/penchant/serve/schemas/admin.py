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
    history: list[dict[str, Any]] = Field(description="The newest 200 lines, oldest first.")


class ReloadIn(StrictModel):
    """A run to take into the registry, to look at, and to let answer."""

    run: Annotated[str, StringConstraints(min_length=1, max_length=1024)] | None = Field(
        default=None,
        description="A folder beside the run that the service was started with; that run by default. "
        "Without such a run: one below the folder of runs, and it must be named.",
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


class AlertOut(Said):
    """Something that has changed since the model was tuned, or since the service began to watch."""

    signal: str = Field(description="What is watched, such as categories.")
    what: str = Field(description="The share that changed, before and since.")
    do: str = Field(description="What to do about it.")
    since_seq: int = Field(description="About the first change of the log after it.")
    since: float
    found_seq: int
    found: float
    psi: float = Field(description="Population stability index; over 0.25 much has changed.")
    evidence: float = Field(description="Natural logarithm of the e-value.")
    over: float | None = Field(None, description="When all was as it was again.")


class DriftOut(Said):
    """Whether what people do is what it was."""

    stage: Literal["learning", "reference", "watching"]
    seq: int = Field(description="Up to which the log was watched.")
    alerts: list[AlertOut] = Field(description="The newest first.")


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
    drift: DriftOut | None = Field(None, description="What has changed; null where nobody watches.")
