"""What a client hears, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from penchant.core import Recommendation, Recommendations


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one event.

    Attributes:
        event_id: its id.
        status: ``stored``, ``duplicate`` where it was there already, or ``invalid``.
        errors: what is wrong with an invalid one.
    """

    event_id: str
    status: Literal["stored", "duplicate", "invalid"]
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServedList(Recommendations):
    """A list with its origin; iterate over it, print it, tell ``Client.shown`` that it was shown.

    Attributes:
        model_version: what made it.
        request_id: its name, in the logs and for impressions.
        decisions: what the policy did to it, where reasons were asked.
        policy: the arm of an experiment that it belongs to; "" outside.
    """

    model_version: str = ""
    request_id: str = ""
    decisions: tuple[Mapping[str, Any], ...] = field(default=())
    policy: str = ""

    @property
    def ids(self) -> list[str]:
        """The item ids, best first."""
        return [item.item for item in self.items]


@dataclass(frozen=True, slots=True)
class ServedReason:
    """One reason for an item.

    Attributes:
        text: in words.
        item: the past item it speaks of, or None.
        effect: by how much the score would fall without it, in units of the model's scores.
    """

    text: str
    item: str | None = None
    effect: float = 0.0

    def __str__(self) -> str:
        return self.text


def served_list(body: Mapping[str, Any]) -> ServedList:
    """The body of an answer to ``recommend`` as a list."""
    return ServedList(
        tuple(
            Recommendation(
                one["item_id"], one["score"], one.get("title", ""), tuple(one.get("reasons") or ())
            )
            for one in body["items"]
        ),
        body["model_version"],
        body["request_id"],
        tuple(body.get("decisions") or ()),
        body.get("policy") or "",
    )


def recorded(body: Mapping[str, Any]) -> list[Recorded]:
    """The body of an answer to ``events``."""
    return [
        Recorded(
            one["event_id"] or "",
            one["status"],
            tuple(f"{e['pointer']}: {e['detail']}" for e in one.get("errors") or ()),
        )
        for one in body["results"]
    ]
