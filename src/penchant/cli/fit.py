"""``penchant fit``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from penchant.core import UsageError

from . import options
from .fields import settings_page
from .output import document, note
from .places import check_run
from .reading import Reading, takes_data
from .settings import from_options
from .suspects import believed


@takes_data
def fit(  # noqa: PLR0913 - an option each
    reading: Reading,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="RUN", help="The folder to write the run to.")
    ] = None,
    replace: options.Replace = False,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME", help="The model.  [default: text-sequence]"),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting of the model; repeatable."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", metavar="S", help="Train on the training part of this split only."),
    ] = None,
    seed: options.FileSeed = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            "--resume",
            metavar="FOLDER",
            help="Keep checkpoints and curves here, and go on from those of a killed run.",
        ),
    ] = None,
    track: Annotated[
        list[str] | None,
        typer.Option(
            "--track",
            metavar="NAME",
            help="Send curves to tensorboard, wandb or mlflow (needs --resume); repeatable.",
        ),
    ] = None,
    without_suspects: Annotated[
        bool,
        typer.Option(
            "--without-suspects",
            help="Leave out users whose events look injected, floods too; say who.",
        ),
    ] = False,
    settings: Annotated[
        bool, typer.Option("--settings", help="List the settings of the model, and stop.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    r"""Train a model and save it as a run.

    Examples:
      penchant fit --events events.csv --items items.jsonl --out runs/first
      penchant fit --events events.csv --items items.jsonl --out runs/ease \
          --model ease --set l2=300 --split leave-last-out
      penchant fit --config penchant.toml --seed 1
      penchant fit --config penchant.toml --resume work --track tensorboard
      penchant fit --config penchant.toml --without-suspects
      penchant fit --model text-sequence --settings
    """
    file = reading.file
    name = file.get("model", "text-sequence") if model is None else model
    if settings:
        print(settings_page(name))
        return
    from penchant.engine import Engine, by_name

    reading.check()
    place: Path | None = out or file.get("out")
    if place is None:
        raise UsageError("--out: missing. Name the folder to write the run to.")
    check_run(place, replace=replace)
    if track and resume is None:
        raise UsageError("--track: name the folder that curves are kept in too: --resume FOLDER.")
    estimator = by_name(name, **file.get("model_settings", {}) | from_options(setting or []))
    seed = file.get("seed", 0) if seed is None else seed
    data = reading.open()
    protocol = split or file.get("split")
    train = data.split(protocol, seed=seed)[0] if protocol else data
    if without_suspects:
        train = believed(train, file.get("trust_settings", {}))
    start = time.monotonic()
    fitted = estimator.fit(train, seed=seed, resume=resume, trackers=track or ())
    seconds = time.monotonic() - start
    Engine.of(fitted).save(place)  # with the questions that whoever loads it asks again
    lengths = train.interactions.events.lengths
    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    if as_json:
        told = {"run": str(place), "model": name, "split": protocol, "seed": seed}
        counts = {"users": int((lengths > 0).sum()), "items": len(train.catalogue)}
        events = len(train.interactions)
        document(told | counts | {"events": events, "seconds": seconds, "bytes": size})
        return
    print(
        f"{name} learned from {len(train.interactions):,} events of {(lengths > 0).sum():,} users"
        f" in {seconds:.1f} s: {place} ({size / 1e6:.1f} MB)"
    )
    kept = getattr(fitted.model, "validations", ())
    if kept:
        tuned = getattr(getattr(fitted.model, "reader", None), "adapter", None) is not None
        what = (
            "the tuned language model is kept" if tuned else "no epoch of tuning was better: frozen"
        )
        note(
            f"validation NDCG@10 before tuning {kept[0]:.4f}, best after {max(kept[1:]):.4f}: {what}"
        )
    note(f"next: penchant recommend --run {place} --user {train.interactions.users.name(0)}")
