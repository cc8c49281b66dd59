"""A batch of items made recommendable, and the ones it cannot be done for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

Result = TypeVar("Result")
Row = Mapping[str, object]
Prepare = Callable[[Sequence[Row]], Result]


@dataclass(frozen=True, slots=True)
class Prepared(Generic[Result]):
    """Items that are ready, and what was made of them.

    Attributes:
        rows: ``item_id`` and fields of each.
        result: what ``prepare`` gave for them.
    """

    rows: tuple[Row, ...]
    result: Result


def prepared(
    prepare: Prepare[Result], rows: Sequence[Row], failed: dict[str, str]
) -> list[Prepared[Result]]:
    """What was made of the rows; those that cannot be prepared are added to ``failed``.

    A batch that fails is halved until the rows are found that it fails for.
    """
    if not rows:
        return []
    try:
        return [Prepared(tuple(rows), prepare(rows))]
    except Exception as error:  # noqa: BLE001 - one bad item stops neither the thread nor others
        if len(rows) == 1:
            failed[str(rows[0]["item_id"])] = reason_of(error)
            log.warning("An item cannot be prepared: %s", reason_of(error))
            return []
    half = len(rows) // 2
    return prepared(prepare, rows[:half], failed) + prepared(prepare, rows[half:], failed)


def reason_of(error: Exception) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
