"""Drift: whether what people do, choose and are offered is what it was when the model was tuned."""

from .alert import REMEDIES, Alert
from .config import DriftConfig
from .drift import Drift, still_open, told_in
from .facts import Facts, Item
from .lists import Judgement
from .picture import draw
from .signal import Signal
from .watches import EventWatch, PutWatch, Watch

__all__ = [
    "REMEDIES",
    "Alert",
    "Drift",
    "DriftConfig",
    "EventWatch",
    "Facts",
    "Item",
    "Judgement",
    "PutWatch",
    "Signal",
    "Watch",
    "draw",
    "still_open",
    "told_in",
]
