"""The console: a page for people, plain files that a browser reads without a build step."""

from .pages import router

__all__ = ["router"]
