"""``penchant mcp``: a running service as tools for agents."""

from __future__ import annotations

import os
from typing import Annotated

import typer

KEY = "PENCHANT_KEY"


def mcp(
    url: Annotated[
        str, typer.Option("--url", metavar="URL", help="Where 'penchant serve' listens.")
    ] = "http://127.0.0.1:8080",
) -> None:
    """Offer a running service to agents as tools.

    Speaks the Model Context Protocol on standard input and output; an agent starts it.
    Where the service wants a key, it is taken from the environment: PENCHANT_KEY.

    Example:
      penchant mcp --url http://127.0.0.1:8080
    """
    from penchant.serve import Client, create_tools

    with Client(url, os.environ.get(KEY)) as client:
        create_tools(client).run("stdio")
