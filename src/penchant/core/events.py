"""What happened and what was shown, one record each: the raw material of learning."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """Somebody did something with an item.

    Attributes:
        user_id: external id of the user.
        item_id: external id of the item; it need not be in a catalogue.
        event_time: when it happened, seconds since 1970 (UTC), by the clock of whoever saw it.
        event_id: unique in a log: a second event of the same id is a duplicate and changes nothing.
            ``""`` asks for a fresh one.
        event: its kind, such as ``click``.
        value: a rating, a price, a count; None where there is none.
        session_id: the visit it belongs to, if that is known.
    """

    user_id: str
    item_id: str
    event_time: float
    event_id: str = ""
    event: str = "event"
    value: float | None = None
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class Impression:
    """One item of a list that was shown to somebody.

    Attributes:
        request_id: the request that was answered with the list; with ``item_id`` it names the
            impression, so that one told twice counts once.
        item_id: external id of the item.
        position: its place in the list; 0 is the top.
        model_version: what made the list.
        shown_at: seconds since 1970 (UTC).
        user_id: external id of the user; None for somebody unknown.
        policy: how the list was chosen, such as the name of an experiment's arm.
        propensity: the probability with which the policy put this item there, for off-policy
            estimates; None where it was not drawn.
    """

    request_id: str
    item_id: str
    position: int
    model_version: str
    shown_at: float
    user_id: str | None = None
    policy: str = ""
    propensity: float | None = None
