"""The gate: a candidate is judged against the model that serves before it may answer."""

from .config import GateConfig
from .judge import compare_on, judge, knowing
from .verdict import Compared, Verdict

__all__ = ["Compared", "GateConfig", "Verdict", "compare_on", "judge", "knowing"]
