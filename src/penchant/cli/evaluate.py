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
    from penchant.lab import Evaluation, EventEvaluation

TASKS = ("rank", "click", "rating")


@takes_data
def evaluate(  # noqa: PLR0913 - an option each
    reading: Reading,
    *,
    run: options.Run,
    split: Annotated[
        str | None,
        typer.Option(
            "--split",
            metavar="S",
            help="For --task rank: leave-last-out, time:F, ratio:F, cold-items:F, new-users:F or few-shot:K.",
        ),
    ] = None,
    task: Annotated[
        str,
        typer.Option(
            "--task",
            metavar="T",
            help="rank (held-out events of a split), click or rating (every event of --events).",
        ),
    ] = "rank",
    causal: Annotated[
        bool,
        typer.Option(
            "--causal",
            help="For click and rating: histories and counters go on, looking back only.",
        ),
    ] = False,
    k: options.Lengths = "10",
    seed: options.FileSeed = None,
    allow_seen: Annotated[
        bool,
        typer.Option("--allow-seen", help="Score events the run was trained on; marks the result."),
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Judge a run on held-out events.

    Every item is ranked, or with --task clicks or ratings are foretold. Intervals are 95 %, by resampling users; cold items and new users stand apart. Give the
    same --split and --seed as to fit, or the same --config: a run that has seen the test events is
    refused. With --task click or rating, --events holds the test events, and their column value what
    came of each.

    Examples:
      penchant fit --events E --items I --split leave-last-out --out runs/a
      penchant evaluate --run runs/a --events E --items I --split leave-last-out
      penchant evaluate --run runs/b --config penchant.toml
      penchant fit --events train.csv --items I --model click-model --out runs/c
      penchant evaluate --run runs/c --events E --items I --task click --causal
    """
    from penchant.engine import load

    ks = lengths(k)
    seed = reading.file.get("seed", 0) if seed is None else seed
    check_task(task, split, causal)
    protocol = required_split(split, reading) if task == "rank" else None
    reading.check()
    fitted = load(run)
    data = reading.open(fitted.catalogue.template or None)
    found: Evaluation | EventEvaluation
    if protocol is None:
        from penchant.lab import evaluate_events

        fitted = widened(fitted, data.catalogue)
        found = evaluate_events(
            fitted,
            data,
            causal,
            task="click" if task == "click" else "rating",
            seed=seed,
            allow_seen=allow_seen,
        )
    else:
        from penchant.lab import evaluate as judge

        _, test = data.split(protocol, seed=seed)
        fitted = widened(fitted, data.catalogue)
        found = judge(fitted, test, ks=ks, seed=seed, allow_seen=allow_seen)
    if as_json:
        document(found.to_json())
    else:
        print(found)


def check_task(task: str, split: str | None, causal: bool) -> None:
    """Refuse options that do not go together.

    Raises:
        UsageError: an unknown task, or a split given where every event is judged.
    """
    if task not in TASKS:
        raise UsageError(f"--task {task}: write {', '.join(TASKS)}.")
    if task == "rank" and causal:
        raise UsageError("--causal is for --task click and --task rating.")
    if task != "rank" and split is not None:
        raise UsageError(
            f"--split {split}: --task {task} judges every event of --events. Leave --split out, and "
            "give the test events alone."
        )


def required_split(split: str | None, reading: Reading) -> str:
    """The split of the option, or else of the config file.

    Raises:
        UsageError: neither names one.
    """
    found: str | None = split or reading.file.get("split")
    if found is None:
        raise UsageError(
            "--split: missing. Name the split, such as --split leave-last-out, or a --config that "
            "does."
        )
    return found


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
