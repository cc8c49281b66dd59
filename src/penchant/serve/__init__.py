"""A recommender that is running: HTTP, a client, tools for agents.

Names are looked up when they are first used (PEP 562): ``Client`` needs httpx alone, the service
itself everything that ``pip install "penchant[serve]"`` brings.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from penchant.core import MissingDependency

if TYPE_CHECKING:
    from .agents import create_tools
    from .app import create_app
    from .client import Client
    from .config import ServeConfig
    from .listening import listen
    from .opening import open_service
    from .place import Place
    from .service import Service
    from .supervisor import Supervisor
    from .tenant import Tenant
    from .worker import run_worker

_FILE = {
    "Client": "client",
    "Place": "place",
    "ServeConfig": "config",
    "Service": "service",
    "Supervisor": "supervisor",
    "Tenant": "tenant",
    "create_app": "app",
    "create_tools": "agents",
    "listen": "listening",
    "open_service": "opening",
    "run_worker": "worker",
}

__all__ = [
    "Client",
    "Place",
    "ServeConfig",
    "Service",
    "Supervisor",
    "Tenant",
    "create_app",
    "create_tools",
    "listen",
    "open_service",
    "run_worker",
]


def __getattr__(name: str) -> object:
    """Look a public name up in its file, once."""
    if name not in _FILE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value = getattr(import_module(f".{_FILE[name]}", __name__), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "penchant":
            raise
        raise MissingDependency(
            f"{error.name} is not installed, and penchant.serve needs it: "
            'pip install "penchant[serve]"'
        ) from error
    globals()[name] = value
    return value
