"""Poisoned feedback: weighed down or left out before anything learns from it."""

from .config import TrustConfig
from .quarantine import quarantine
from .verdict import Suspect, Verdict, judge

__all__ = ["Suspect", "TrustConfig", "Verdict", "judge", "quarantine"]
