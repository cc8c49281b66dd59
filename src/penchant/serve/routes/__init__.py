"""The routes of ``/v1``; each checks, calls the service and writes the answer."""

from . import admin, events, experiments, lists, things

ROUTERS = (events.router, lists.router, things.router, admin.router, experiments.router)

__all__ = ["ROUTERS"]
