"""The command line: parse, call, print. What it calls stands in the rooms below."""

from .main import main

__all__ = ["main"]
