"""People with tastes who are shown lists: a simulation, to try policies and see feedback loops."""

from .config import NOTICE, SimulatorConfig
from .picture import draw
from .run import simulate
from .simulation import METRICS, Log, Simulation
from .world import World

__all__ = [
    "METRICS",
    "NOTICE",
    "Log",
    "Simulation",
    "SimulatorConfig",
    "World",
    "draw",
    "simulate",
]
