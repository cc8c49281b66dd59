"""``penchant evaluate``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from penchant.core import UsageError

from . import options
from .output import document, note
from .reading import Reading, takes_data

if TYPE_CHECKING:
    from penchant.core import Catalogue
    from penchant.engine import Recommender


@takes_data
def evaluate(  # noqa: PLR0913 - an option each
    reading: Reading,
    *,
    run: options.Run,
    split: options.Split,
    k: options.Lengths = "10",
    seed: options.Seed = 0,
    allow_seen: Annotated[
        bool,
        typer.Option("--allow-seen", help="Score events the run was trained on; marks the result."),
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Judge a run on held-out events, every item ranked.

    Intervals are 95 %, by resampling users; cold items and new users stand apart. Give the
    same --split as to fit: a run that has seen the test events is refused.

    Example:
      penchant fit --events E --items I --split leave-last-out --out runs/a
      penchant evaluate --run runs/a --events E --items I --split leave-last-out
    """
    from penchant.engine import load

    ks = lengths(k)
    reading.check()
    fitted = load(run)
    data = reading.open(fitted.catalogue.template or None)
    _, test = data.split(split, seed=seed)
    fitted = widened(fitted, data.catalogue)
    from penchant.lab import evaluate as judge

    found = judge(fitted, test, ks=ks, seed=seed, allow_seen=allow_seen)
    if as_json:
        document(found.to_json())
    else:
        print(found)


def widened(fitted: Recommender, catalogue: Catalogue) -> Recommender:
    """The recommender with the catalogue's new items, where its model places an item by its text."""
    new = sum(name not in fitted.catalogue.items for name in catalogue.items)
    if not new:
        return fitted
    if not fitted.abilities.new_items:
        note(f"note: {new:,} items are new to this run; {fitted.name} cannot rank them.")
        return fitted
    note(f"note: {new:,} items are new to this run; {fitted.name} places them by their text.")
    return fitted.add_items(catalogue)


def lengths(text: str) -> tuple[int, ...]:
    """The list lengths in ``"10,20"``, ascending.

    >>> lengths("20,10")
    (10, 20)

    Raises:
        UsageError: something else than whole numbers of at least 1.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise UsageError(f"-k {text}: write whole numbers of at least 1, such as -k 10,20.")
    return tuple(sorted({int(part) for part in parts}))
