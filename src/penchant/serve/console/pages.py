"""Hands out the files of the console."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from fastapi import APIRouter, Request, Response

from ..edge.problems import HttpProblem

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

router = APIRouter(prefix="/console", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Page:
    """A file of the console.

    Attributes:
        body: its bytes.
        type: for ``Content-Type``.
        mark: for ``ETag``; another one where the bytes are others.
    """

    body: bytes
    type: str
    mark: str


@cache
def pages() -> dict[str, Page]:
    """All files by name, read once: a hundred kilobytes."""
    found = {}
    for file in (resources.files(__package__) / "page").iterdir():
        kind = TYPES.get("." + file.name.rpartition(".")[2])
        if kind is not None:
            body = file.read_bytes()
            mark = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            found[file.name] = Page(body, kind, mark)
    return found


@router.get("")
@router.get("/")
async def get_console(request: Request) -> Response:
    """The page itself."""
    return _answer(request, "index.html")


@router.get("/{name}")
async def get_file(request: Request, name: str) -> Response:
    """What the page is made of."""
    return _answer(request, name)


def _answer(request: Request, name: str) -> Response:
    page = pages().get(name)
    if page is None:
        raise HttpProblem(404, "no-such-page", "The console has no such file.")
    headers = {
        "etag": page.mark,
        "cache-control": "no-cache",
    }  # asked about anew, sent when changed
    if request.headers.get("if-none-match") == page.mark:
        return Response(status_code=304, headers=headers)
    return Response(page.body, 200, headers, page.type)
