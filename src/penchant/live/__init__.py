"""What people do, heard at once: the state folded from the event log, and items as they are put."""

from .catalogue import CatalogueConfig, ItemState, LiveCatalogue
from .erased import Erased, without_users
from .follower import Follower
from .history import History, Kept
from .live import Live, UserState
from .popularity import Popularity
from .preparing import Prepared
from .state import LiveConfig, State

__all__ = [
    "CatalogueConfig",
    "Erased",
    "Follower",
    "History",
    "ItemState",
    "Kept",
    "Live",
    "LiveCatalogue",
    "LiveConfig",
    "Popularity",
    "Prepared",
    "State",
    "UserState",
    "without_users",
]
