"""``penchant mcp``: a running service as tools for agents."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from penchant.core import UsageError

from .output import note

KEY = "PENCHANT_KEY"


def mcp(
    url: Annotated[
        str, typer.Option("--url", metavar="URL", help="Where 'penchant serve' listens.")
    ] = "http://127.0.0.1:8080",
) -> None:
    """Offer a running service to agents as tools.

    Speaks the Model Context Protocol on standard input and output: it is an agent that starts
    it, not a person. The agent gets the tools search, recommend and explain, which only read.
    Where the service wants a key, it is taken from the environment: PENCHANT_KEY.

    Example, of an agent's settings:
      {"mcpServers": {"penchant": {
        "command": "penchant", "args": ["mcp", "--url", "http://127.0.0.1:8080"],
        "env": {"PENCHANT_KEY": "pck_..."}}}}
    """
    from penchant.serve import Client, create_tools

    if not url.startswith(("http://", "https://")):
        raise UsageError(f"--url {url}: begin with http:// or https://, as http://127.0.0.1:8080.")
    if sys.stdin.isatty():
        note("an agent is to start this, and talks to it on standard input; Ctrl-C stops it")
    with Client(url, os.environ.get(KEY)) as client:
        create_tools(client).run("stdio")
