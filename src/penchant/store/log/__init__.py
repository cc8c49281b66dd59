"""The event log: what happened, durable before it is acknowledged, one sequence of changes."""

from .backup import restore
from .changes import (
    FUTURE,
    Change,
    EventStored,
    Fields,
    ImpressionStored,
    ItemPut,
    Once,
    Receipt,
    Remembered,
    UserErased,
    UserPut,
    bounded,
    hashed,
)
from .checks import checked_events, checked_impressions, checked_text, checked_things, fields_of
from .config import LogConfig
from .log import Log
from .opening import has_log, open_log

__all__ = [
    "FUTURE",
    "Change",
    "EventStored",
    "Fields",
    "ImpressionStored",
    "ItemPut",
    "Log",
    "LogConfig",
    "Once",
    "Receipt",
    "Remembered",
    "UserErased",
    "UserPut",
    "bounded",
    "checked_events",
    "checked_impressions",
    "checked_text",
    "checked_things",
    "fields_of",
    "has_log",
    "hashed",
    "open_log",
    "restore",
]
