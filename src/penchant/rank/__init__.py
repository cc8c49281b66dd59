"""From candidates to the list that is shown: rules, diversity, calibration, freshness, fall-back.

A ``Policy`` is made of a ``PolicyConfig`` and the columns of a catalogue, and asked with the codes
and scores of candidates. It knows arrays only: no model, no log, no clock.
"""

from .config import DPP, MMR, Calibration, Freshness, PolicyConfig
from .context import Context, Decision, Listed, Seen
from .fields import ItemFields
from .filters import Filter, filter_of
from .policy import Policy
from .rules import Boost, Bury, Cap, Exclude, Include, Pin
from .team_draft import draft_teams, team_draft

__all__ = [
    "DPP",
    "MMR",
    "Boost",
    "Bury",
    "Calibration",
    "Cap",
    "Context",
    "Decision",
    "Exclude",
    "Filter",
    "Freshness",
    "Include",
    "ItemFields",
    "Listed",
    "Pin",
    "Policy",
    "PolicyConfig",
    "Seen",
    "draft_teams",
    "filter_of",
    "team_draft",
]
