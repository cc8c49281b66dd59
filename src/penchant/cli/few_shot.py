"""``penchant few-shot``."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.core import UsageError

from . import options
from .output import document, note
from .places import check_file, check_run
from .settings import pairs

if TYPE_CHECKING:
    from penchant.data import Dataset
    from penchant.models.few_shot import Example, FewShotModel


def few_shot(  # noqa: PLR0913 - an option each
    *,
    examples: Annotated[
        Path,
        typer.Option(
            "--examples",
            metavar="E",
            help="Labelled examples: JSON lines with liked, disliked, candidate and label, or TALLRec's JSON.",
        ),
    ],
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
        str,
        typer.Option("--ways", metavar="W,W", help="Of: frozen, zero-shot, contrastive, prompt."),
    ] = "frozen,zero-shot",
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
    seed: options.Seed = 0,
    as_json: options.AsJson = False,
) -> None:
    """Learn from a few labelled examples who likes what.

    The way of learning is chosen by cross-validation. With --test, prints the AUC with its 95 % interval (examples resampled), beside that of the
    share of likes in the history, which takes no model. With --draws, the mean over draws.

    Example:
      penchant few-shot --examples E.json --test T.json --shots 64 --draws 10
      penchant few-shot --examples E.jsonl --test T.jsonl --out answers.jsonl
    """
    if draws > 1 and (shots is None or test is None or out or save):
        raise UsageError(
            "--draws needs --shots and --test, and goes with neither --out nor --save."
        )
    if out is not None and test is None:
        raise UsageError("--out: there is nothing to answer. Give --test.")
    from penchant.models.few_shot import read_examples  # alone, as the others bring torch

    _check_places(out, save)
    given = read_examples(examples)
    asked = read_examples(test) if test else ()
    if draws > 1 and len({one.label for one in asked} - {None}) < 2:
        raise UsageError("--draws: --test has no labels of both kinds, so no draw can be judged.")
    drawn = [_drawn(given, shots, seed + draw, examples) for draw in range(draws)]
    from penchant.language import DEFAULT_MODEL
    from penchant.models.few_shot import FewShotConfig
    from penchant.models.few_shot import few_shot as learn

    other = _transfer(transfer_events, transfer_items, pairs("--column", column or []))
    names = tuple(name.strip() for name in ways.split(",") if name.strip())
    config = FewShotConfig(language or DEFAULT_MODEL)
    found = []
    for draw, chosen in enumerate(drawn):
        model = learn(chosen, other, names, config=config, seed=seed)
        found.append(_judged(model, asked, seed))
        if draws > 1:
            note(f"draw {draw + 1} of {draws}: {_line(found[-1])}")
    if out is not None:
        _answers(out, model, asked)
    if save is not None:
        model.save(save)
    _told(found, as_json)


def _check_places(out: Path | None, save: Path | None) -> None:
    """Refuse places that could only fail after everything was learned.

    Raises:
        UsageError: a place cannot be written.
    """
    if save is not None:
        check_run(save, "--save")
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


def _judged(model: FewShotModel, asked: Sequence[Example], seed: int) -> dict[str, Any]:
    import numpy as np

    from penchant.core import generator
    from penchant.metrics import auc
    from penchant.models.few_shot import Batch

    found: dict[str, Any] = {
        "chosen": model.chosen,
        "seconds": model.seconds,
        "cross-validated": {
            score.way: {"AUC": score.auc, "log-loss": score.log_loss, "seconds": score.seconds}
            for score in model.scores
        },
    }
    known = [one for one in asked if one.label is not None]
    labels = np.array([one.label for one in known], np.float64)
    if len(known) < 2 or len(set(labels.tolist())) < 2:
        return found
    chance, share = model.predict(known), Batch.of(known).share
    chooser, drawn = generator(seed, "interval"), []
    for _ in range(1000):
        rows = chooser.integers(0, len(known), len(known))
        if 0 < labels[rows].sum() < len(rows):
            drawn.append(auc(labels[rows], chance[rows]))
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    found["test"] = {
        "examples": len(known),
        "AUC": {"mean": auc(labels, chance), "ci95": [low, high]},
        "share": auc(labels, share),
    }
    return found


def _answers(out: Path, model: FewShotModel, asked: Sequence[Example]) -> None:
    from penchant.store import atomic_write

    lines = [
        json.dumps({"candidate": one.candidate, "probability": chance}, ensure_ascii=False)
        for one, chance in zip(asked, model.predict(asked).tolist(), strict=True)
    ]
    atomic_write(out, ("\n".join(lines) + "\n").encode())


def _line(found: dict[str, Any]) -> str:
    told = f"{found['chosen']}, {found['seconds']:.1f} s"
    if "test" in found:
        told += f", AUC {found['test']['AUC']['mean']:.3f}"
    return told


def _told(found: list[dict[str, Any]], as_json: bool) -> None:
    import numpy as np

    result: dict[str, Any] = found[0] if len(found) == 1 else {"draws": found}
    tested = [one["test"]["AUC"]["mean"] for one in found if "test" in one]
    if len(found) > 1 and tested:
        spread = float(np.std(tested, ddof=1))
        result["AUC"] = {"mean": float(np.mean(tested)), "deviation": spread}
        result["share"] = found[0]["test"]["share"]
    if as_json:
        document(result)
        return
    if len(found) > 1:
        if tested:
            print(f"AUC {result['AUC']['mean']:.3f}, deviation of draws {spread:.3f}")
            print(f"share of likes alone {result['share']:.3f}")
        return
    for way, score in found[0]["cross-validated"].items():
        mark = "*" if way == found[0]["chosen"] else " "
        print(
            f"{mark} {way:14} AUC {score['AUC']:.3f}  log-loss {score['log-loss']:.3f}  "
            f"{score['seconds']:.1f} s   (cross-validated)"
        )
    if "test" in found[0]:
        told = found[0]["test"]
        low, high = told["AUC"]["ci95"]
        print(
            f"test: AUC {told['AUC']['mean']:.3f} [{low:.3f}, {high:.3f}], {told['examples']:,} examples"
        )
        print(f"share of likes alone: AUC {told['share']:.3f}")
