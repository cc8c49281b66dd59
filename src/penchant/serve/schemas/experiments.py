"""Bodies about experiments."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .fields import Said


class ArmOut(Said):
    """A model that is compared."""

    name: str
    version: str
    share: float = Field(description="Of all users.")
    users: int = Field(description="Whose windows are over, so that they count.")


class ComparedOut(Said):
    """An arm against the control, as of now."""

    arm: str
    conclusion: Literal["undecided", "better", "worse", "split"] = Field(
        description="`split`: users were not split as was meant, and nothing may be concluded."
    )
    means: tuple[float, float] = Field(description="Of the control and of the arm.")
    gap: float
    low: float | None = Field(
        description="Of the always-valid interval; null while it is too early."
    )
    high: float | None
    p: float


class JudgedOut(Said):
    """An experiment, and what it tells."""

    name: str
    kind: Literal["ab", "interleave", "shadow"]
    measured: str
    started_at: float
    stopped_at: float | None
    why: str
    arms: list[ArmOut]
    waiting: int = Field(description="Users whose windows are not over.")
    split_p: float
    comparisons: list[ComparedOut]
    conclusion: list[str] = Field(description="In words, the most important first.")
    counted_at: float
    shadow: dict[str, Any] | None = Field(None, description="What a shadow did, counted.")


class ExperimentOut(Said):
    """The experiment that runs, or the last; null where there was none."""

    experiment: JudgedOut | None
