"""Looking on while a model is fitted: a search that gives up a hopeless fit early.

The loop reports; whoever opened the ``watching`` block hears it, and may end the fit by raising.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Watcher = Callable[[float], None]

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Call ``watcher`` with every validation figure that is reported inside this block.

    >>> heard = []
    >>> with watching(heard.append):
    ...     report(0.25)
    >>> heard
    [0.25]
    """
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def report(figure: float) -> None:
    """Tell a validation figure, higher is better, to whoever is watching; what that raises goes on."""
    watcher = _watcher.get()
    if watcher is not None:
        watcher(figure)
