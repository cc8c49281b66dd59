"""What an engine is asked, and what it answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from penchant.core import Recommendation

from .explain import Reason


class Past(NamedTuple):
    """One event of somebody's past.

    Attributes:
        item_id: external id.
        time: seconds since 1970 (UTC); NaN where no time is known.
        kind: of event, such as ``"click"``.
    """

    item_id: str
    time: float = math.nan
    kind: str = "event"


@dataclass(frozen=True, slots=True)
class Ask:
    """One question: by a user, a past, words, an item, or several of them.

    Attributes:
        user_id: external id; somebody new is no error, and is told apart by their past.
        past: what they did, oldest first; items that the catalogue lacks are left out. None for what
            the training events say of the user; empty for somebody of whom nothing is to be used.
        query: words, for models that read.
        similar_to: id of an item whose like is wanted; the past then only says what was seen.
        k: most items to list.
        offset: how many of the best to leave out, for the next page of a list.
        filter: what items must be, such as ``{"category": "Books", "price": {"max": 20}}``.
        exclude: item ids not to list; unknown ones are nobody's.
        explain: whether to give reasons and what the policy did.
        diversity: from 0 (none) to 1, in the place of the policy's own weight.
        request_id: its name in logs and impressions; what draws by it draws the same again.
    """

    user_id: str | None = None
    past: Sequence[Past] | None = None
    query: str | None = None
    similar_to: str | None = None
    k: int = 10
    offset: int = 0
    filter: Mapping[str, object] | None = None
    exclude: Sequence[str] = ()
    explain: bool = False
    diversity: float | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """One thing that the policy did to a list.

    Attributes:
        step: the part of the policy, such as ``"pin"`` or ``"fallback"``.
        text: in words.
        item: id of the item it is about; None where it is about the whole list.
    """

    step: str
    text: str
    item: str | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Answer:
    """A list, best first.

    Attributes:
        items: what is recommended, with reasons where they were asked for. A score is the model's,
            0 where it has none; a policy may have put an item above others of a higher score.
        model_version: what made it.
        decisions: what the policy did; the whole of it where reasons were asked for.
        policy: the arm of an experiment that it belongs to; "" outside.
    """

    items: tuple[Recommendation, ...]
    model_version: str = ""
    decisions: tuple[Decided, ...] = ()
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an item has its score for somebody.

    Attributes:
        item: its id.
        score: the model's; 0 where it has none.
        reasons: strongest first, at least one.
        barred: what keeps it from being listed; empty where nothing does.
    """

    item: str
    score: float
    reasons: tuple[Reason, ...]
    barred: tuple[Decided, ...] = ()
