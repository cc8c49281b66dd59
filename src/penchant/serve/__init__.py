"""A recommender that is running: HTTP, a client, tools for agents.

Names are looked up when they are first used (PEP 562): ``Client`` needs httpx alone, the service
itself everything that ``pip install "penchant[serve]"`` brings.
"""

from typing import TYPE_CHECKING

from penchant._lazy import lazily

if TYPE_CHECKING:
    from .agents import create_tools
    from .app import create_app
    from .client import Client
    from .config import ServeConfig
    from .exchange import Exchanged
    from .listening import listen
    from .opening import open_service
    from .place import Place
    from .service import Service
    from .supervisor import Supervisor
    from .tenant import Tenant
    from .worker import run_worker

_FILE = {
    "Client": "client",
    "Exchanged": "exchange",
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
    "Exchanged",
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


__getattr__, __dir__ = lazily(__name__, _FILE, extra="serve")
