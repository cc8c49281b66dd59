"""Progress on standard error, in one place."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from tqdm import tqdm

T = TypeVar("T")

_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars inside this block."""
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


def bar(
    total: int | None,
    what: str,
    unit: str = "it",
    *,
    thousands: bool = False,
    at_once: bool = False,
) -> tqdm[Any]:
    """A progress bar on standard error; a line every few seconds where that is not a terminal.

    Args:
        total: units of work, None where nobody knows.
        what: the words before the bar.
        unit: of the work.
        thousands: write 12.3k rather than 12345.
        at_once: draw the empty bar too, for units that take long; else work of less than half a
            second draws nothing.
    """
    from tqdm import tqdm  # only where a bar is drawn: importing core stays under 0.2 s

    live = sys.stderr.isatty()
    return tqdm(
        total=total,
        desc=what,
        unit=unit,
        unit_scale=thousands,
        file=sys.stderr,
        disable=_quiet.get(),
        leave=None if live else False,
        delay=0 if at_once else 0.5,
        mininterval=0.1 if live else 10.0,
        dynamic_ncols=live,
    )


def track(items: Iterable[T], what: str, total: int | None = None, unit: str = "it") -> Iterator[T]:
    """Yield the items while a bar counts them."""
    with bar(total if total is not None else _length(items), what, unit) as shown:
        for item in items:
            yield item
            shown.update()


def _length(items: object) -> int | None:
    return len(items) if hasattr(items, "__len__") else None
