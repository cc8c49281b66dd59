"""``penchant few-shot``."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.core import UsageError

from . import options
from .few_shot_answers import in_a_line, judged, tell, write_answers
from .output import note
from .places import check_file, check_run
from .predict import refuse
from .settings import pairs

if TYPE_CHECKING:
    from penchant.data import Dataset
    from penchant.models.few_shot import Example

WAYS = "frozen,zero-shot"


def few_shot(  # noqa: PLR0913 - an option each
    *,
    examples: Annotated[
        Path | None,
        typer.Option(
            "--examples",
            metavar="E",
            help="Labelled examples: JSON lines with liked, disliked, candidate and label, or TALLRec's JSON.",
        ),
    ] = None,
    saved: Annotated[
        Path | None,
        typer.Option(
            "--model",
            metavar="DIR",
            help="Instead: a model that --save wrote, to answer --test without learning.",
        ),
    ] = None,
    test: Annotated[
        Path | None,
        typer.Option("--test", metavar="T", help="Examples to answer; labels, if any, judge."),
    ] = None,
    transfer_events: Annotated[
        Path | None,
        typer.Option(
            "--transfer-events", metavar="RATINGS", help="Other people's ratings, with a value."
        ),
    ] = None,
    transfer_items: Annotated[
        Path | None,
        typer.Option("--transfer-items", metavar="ITEMS", help="Their items, with a title."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="THEIRS=OURS",
            help="A column of the transfer files by our name; repeatable.",
        ),
    ] = None,
    ways: Annotated[
        str | None,
        typer.Option(
            "--ways",
            metavar="W,W",
            help="Of: frozen, zero-shot, contrastive, prompt.  [default: frozen,zero-shot]",
        ),
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", metavar="NAME", help="The encoder of titles.")
    ] = None,
    shots: Annotated[
        int | None,
        typer.Option("--shots", metavar="K", min=4, help="Learn from K examples drawn at random."),
    ] = None,
    draws: Annotated[
        int, typer.Option("--draws", metavar="N", min=1, help="Draws of --shots examples.")
    ] = 1,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the answers to --test as JSON lines."),
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="DIR", help="Write the model.")
    ] = None,
    replace: options.Replace = False,
    seed: options.Seed = 0,
    as_json: options.AsJson = False,
) -> None:
    """Learn from a few labelled examples who likes what.

    The way of learning is chosen by cross-validation. With --test, prints the AUC with its 95 % interval (examples resampled), beside that of the
    share of likes in the history, which takes no model. With --draws, the mean over draws. A model that was written with --save answers later: give it as --model.

    Examples:
      penchant few-shot --examples E.json --test T.json --shots 64 --draws 10
      penchant few-shot --examples E.jsonl --test T.jsonl --out answers.jsonl
      penchant few-shot --examples E.jsonl --save runs/few
      penchant few-shot --model runs/few --test T.jsonl --out answers.jsonl
    """
    if saved is not None:
        learning: dict[str, object] = {
            "--transfer-events": transfer_events,
            "--transfer-items": transfer_items,
            "--column": column,
            "--ways": ways,
            "--language": language,
            "--shots": shots,
            "--draws": draws > 1,
            "--save": save,
        }
        refuse("--examples", learning)
        _ask(saved, examples, test, out, seed, as_json)
        return
    file = _examples_of(examples, shots, draws, test, out, save)
    from penchant.models.few_shot import read_examples  # alone, as the others bring torch

    _check_places(out, save, replace=replace)
    given = read_examples(file)
    asked = read_examples(test) if test else ()
    if draws > 1 and not _of_both_kinds(asked):
        raise UsageError("--draws: --test has no labels of both kinds, so no draw can be judged.")
    drawn = [_drawn(given, shots, seed + draw, file) for draw in range(draws)]
    from penchant.language import DEFAULT_MODEL
    from penchant.models.few_shot import FewShotConfig
    from penchant.models.few_shot import few_shot as learn

    other = _transfer(transfer_events, transfer_items, pairs("--column", column or []))
    names = tuple(filter(None, (name.strip() for name in (ways or WAYS).split(","))))
    config = FewShotConfig(language or DEFAULT_MODEL)
    found = []
    for draw, chosen in enumerate(drawn):
        model = learn(chosen, other, names, config=config, seed=seed)
        found.append(judged(model, asked, seed))
        if draws > 1:
            note(f"draw {draw + 1} of {draws}: {in_a_line(found[-1])}")
    if out is not None:
        write_answers(out, model, asked)
    if save is not None:
        model.save(save)
    tell(found, as_json)


def _ask(
    saved: Path,
    examples: Path | None,
    test: Path | None,
    out: Path | None,
    seed: int,
    as_json: bool,
) -> None:
    """Let a saved model answer, and judge it where the examples have labels.

    Raises:
        UsageError: it is to learn as well, nothing is asked, or nothing would be told.
    """
    if examples is not None:
        raise UsageError("--examples and --model: give one of them, to learn or to ask.")
    if test is None:
        raise UsageError("--test: missing. Give the examples that --model is to answer.")
    from penchant.models.few_shot import FewShotModel, read_examples

    _check_places(out, None)
    asked = read_examples(test)
    if out is None and not _of_both_kinds(asked):
        raise UsageError(
            f"{test} has no labels of both kinds to judge by: name a file for the answers, --out FILE."
        )
    model = FewShotModel.load(saved)
    if out is not None:
        write_answers(out, model, asked)
    tell([judged(model, asked, seed)], as_json)


def _examples_of(
    examples: Path | None,
    shots: int | None,
    draws: int,
    test: Path | None,
    out: Path | None,
    save: Path | None,
) -> Path:
    """The file to learn from, where the options go together.

    Raises:
        UsageError: they do not, or none is named.
    """
    if examples is None:
        raise UsageError(
            "--examples: missing. Give labelled examples to learn from, or the --model to ask."
        )
    if draws > 1 and (shots is None or test is None or out or save):
        raise UsageError(
            "--draws needs --shots and --test, and goes with neither --out nor --save."
        )
    if out is not None and test is None:
        raise UsageError("--out: there is nothing to answer. Give --test.")
    return examples


def _of_both_kinds(asked: Sequence[Example]) -> bool:
    return len({one.label for one in asked} - {None}) == 2


def _check_places(out: Path | None, save: Path | None, *, replace: bool = False) -> None:
    """Refuse places that could only fail after everything was learned.

    Raises:
        UsageError: a place cannot be written.
    """
    if save is not None:
        check_run(save, "--save", replace=replace)
        _try(save, "--save")
    if out is not None:
        check_file(out)
        _try(out, "--out")


def _try(path: Path, option: str) -> None:
    """Write a nameless file beside the path to be: permissions say yes to root even in /proc."""
    above = path.absolute().parent
    while not above.exists():
        above = above.parent
    try:
        with tempfile.TemporaryFile(dir=above):
            pass
    except OSError as error:
        raise UsageError(
            f"{option} {path}: nothing can be written in {above}. Name another place."
        ) from error


def _drawn(given: Sequence[Example], shots: int | None, seed: int, file: Path) -> Sequence[Example]:
    """The examples to learn from, their labels checked."""
    from penchant.core import generator
    from penchant.models.few_shot import labels_of

    if shots is None:
        labels_of(given, str(file))
        return given
    if shots > len(given):
        raise UsageError(f"--shots {shots}: there are only {len(given)} examples.")
    rows = generator(seed, "shots").choice(len(given), shots, replace=False)
    drawn = [given[row] for row in rows.tolist()]
    labels_of(drawn, f"{file}, drawn by --shots {shots}")
    return drawn


def _transfer(
    events: Path | None, items: Path | None, columns: dict[str, str] | None
) -> Dataset | None:
    if (events is None) != (items is None):
        raise UsageError("--transfer-events and --transfer-items go together.")
    if events is None or items is None:
        return None
    from penchant.data import read

    return read(events, items, columns=columns or None, unknown_items="drop")
