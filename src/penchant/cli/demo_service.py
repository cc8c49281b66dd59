"""The end of the demo: the model as a service, and a list that changes by what somebody does."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from penchant.core import Recommendation, ServiceError

from .mcp import KEY
from .output import columns, note

if TYPE_CHECKING:
    from penchant.serve import Client

Result = TypeVar("Result")

SOMEBODY = "ann"
PATIENCE = 20.0  # seconds for a service to stop


@contextmanager
def served(run: Path, data: Path) -> Iterator[str]:
    """``penchant serve`` in a process of its own, on any free port; it is stopped at the end.

    Args:
        run: what answers.
        data: the data folder.

    Yields:
        its address, once it answers.

    Raises:
        ServiceError: it did not start; the message holds what it said.
    """
    place = ["--run", str(run), "--data", str(data), "--port", "0"]
    command = [sys.executable, "-m", "penchant", "serve", *place]
    with subprocess.Popen(  # noqa: S603 - this interpreter, this program
        command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        try:
            yield _address(process, data)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: subprocess.Popen[str], data: Path) -> str:
    said = []
    for line in process.stderr or ():
        if found := re.match(r"serving\s+(http://\S+)", line):
            return found[1]
        said.append(line.strip())
    raise ServiceError(
        f"'penchant serve' did not start: {' '.join(said[-3:])} If {data} is in its way, remove it."
    )


def a_list_that_changes(run: Path, data: Path, chosen: Sequence[tuple[str, str]], k: int) -> None:
    """Serve a run, let somebody new do something, and print the lists before and after.

    Args:
        run: what answers.
        data: the data folder; it is kept.
        chosen: ids and titles of the items that somebody clicks on, in that order.
        k: length of a list.

    Raises:
        ServiceError: the service did not start, or refused.
    """
    from penchant.serve import Client

    print(f"penchant serve --run {run} --data {data}\n", flush=True)
    began = time.monotonic()
    with served(run, data) as url, Client(url, os.environ.get(KEY)) as client:
        _make_new(client, run)
        print(f"  it answers after                  {time.monotonic() - began:5.1f} s")
        before, wait = _timed(lambda: client.recommend(user=SOMEBODY, k=k, explain=True))
        print(f"  a list for somebody new           {wait:5.0f} ms")
        for item, title in chosen:
            _, wait = _timed(partial(client.record, SOMEBODY, item, "click"))
            print(f"  a click, acknowledged on the disk {wait:5.0f} ms  {title}")
        after, wait = _timed(lambda: client.recommend(user=SOMEBODY, k=k, explain=True))
        print(f"  their next list                   {wait:5.0f} ms\n")
        clicks = "a click" if len(chosen) == 1 else f"{len(chosen)} clicks"
        columns([("before", _rows(before)), (f"after {clicks}", _rows(after))])
        client.erase(SOMEBODY)  # so that the next demo begins as this one did
    note(f"\n  everything about {SOMEBODY!r} is erased again, and the service is stopped")


def _make_new(client: Client, run: Path) -> None:
    """Let the run of the demo answer, and nothing be known of somebody: of an earlier demo."""
    standing = client.models()
    of_run = [one["name"] for one in standing["models"] if one["source"] == str(run.resolve())]
    if of_run and of_run[-1] != standing["current"]:
        client.promote(of_run[-1])
    if client.events(SOMEBODY, limit=1):
        client.erase(SOMEBODY)


def _timed(call: Callable[[], Result]) -> tuple[Result, float]:
    """What a call gives, and its milliseconds."""
    began = time.perf_counter()
    found = call()
    return found, 1000 * (time.perf_counter() - began)


def _rows(found: Iterable[Recommendation]) -> list[tuple[str, str]]:
    return [(one.text or one.item, "; ".join(one.reasons)) for one in found]
