"""``penchant pretrain``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.core import UsageError

from . import options
from .output import document, note
from .places import check_folder_above
from .reading import Reading, takes_data

WAYS = ("full", "top-layers", "lora", "adalora", "bitfit", "ia3")
"""The ways of tuning that can be merged into the weights, which is what pre-training ends in."""

if TYPE_CHECKING:
    from penchant.tune import Corpus, Pretrained


@takes_data
def pretrain(  # noqa: PLR0913 - an option each
    reading: Reading,
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="The folder to write the model to."),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            "--language",
            metavar="NAME",
            help="The language model: a name, a folder or a Hugging Face id."
            "  [default: all-MiniLM-L6-v2]",
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            "--split", metavar="S", help="Read events of this split's training part only."
        ),
    ] = None,
    epochs: Annotated[
        int, typer.Option("--epochs", metavar="N", min=1, help="Most passes over the texts.")
    ] = 3,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", metavar="M", help="Stop learning after so many minutes."),
    ] = None,
    tuning: Annotated[
        str,
        typer.Option(
            "--tuning",
            metavar="WAY",
            help="Which weights learn: full, top-layers, lora, adalora, bitfit or ia3.",
        ),
    ] = "full",
    learning_rate: Annotated[
        float | None,
        typer.Option(
            "--learning-rate",
            metavar="R",
            help="Step size.  [default: 5e-5, and 5e-4 for lora, adalora, bitfit and ia3]",
        ),
    ] = None,
    whole_words: Annotated[
        bool, typer.Option("--whole-words", help="Hide words as a whole (encoders).")
    ] = False,
    users_texts: Annotated[
        int,
        typer.Option(
            "--user-texts", metavar="N", min=0, help="Most texts made of people's events."
        ),
    ] = 2000,
    seed: options.FileSeed = None,
    as_json: options.AsJson = False,
) -> None:
    r"""Let a language model read the catalogue before it is used.

    Encoders guess hidden words, decoders the next one. With --events they also
    read the titles that people chose one after the other; give --split, so that
    no held-out event is among them. The result is a folder like any language
    model's. It does not always help: compare before you keep it.

    Examples:
      penchant pretrain --items items.jsonl --out models/shop --minutes 20
      penchant pretrain --items items.jsonl --events events.csv \
          --split leave-last-out --tuning lora --out models/shop
      penchant fit --events events.csv --items items.jsonl \
          --set language=models/shop --out runs/shop
    """
    if out is None:
        raise UsageError("--out: missing. Name the folder to write the model to.")
    _check(tuning, learning_rate, minutes)
    if split is not None and reading.told().get("events") is None:
        raise UsageError(f"--split {split}: there are no events to split. Give --events, too.")
    from penchant.language import DEFAULT_MODEL
    from penchant.language.tuning import way_by_name
    from penchant.tune import PretrainConfig
    from penchant.tune import pretrain as learn

    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UsageError(f"--out {out}: that name is taken. Name a new folder.")
    check_folder_above(out)
    way = way_by_name(tuning)
    seed = reading.file.get("seed", 0) if seed is None else seed
    slow = tuning in ("full", "top-layers")
    rate = learning_rate if learning_rate is not None else (5e-5 if slow else 5e-4)
    config = PretrainConfig(
        epochs=epochs, minutes=minutes, tuning=way, learning_rate=rate, whole_words=whole_words
    )
    corpus = _corpus(reading, split or reading.file.get("split"), users_texts, seed)
    note(
        f"{len(corpus.learn):,} texts to learn from, "
        f"{len(corpus.choose) + len(corpus.judge):,} held out"
    )
    found = learn(language or DEFAULT_MODEL, corpus, config, seed)
    found.save(out)
    if as_json:
        document({"folder": str(out)} | found.to_json())
        return
    print(_told(found, out))
    note(f"next: penchant fit --events E --items I --set language={out} --out RUN")


def _check(tuning: str, learning_rate: float | None, minutes: float | None) -> None:
    """Refuse wrong settings before anything is read or loaded.

    Raises:
        UsageError: a way that adds parts to the model or is none, a step or a time that is not
            above 0.
    """
    if tuning not in WAYS:
        raise UsageError(f"--tuning {tuning}: choose from {', '.join(WAYS)}.")
    if learning_rate is not None and not 0 < learning_rate < math.inf:  # NaN ends here too
        raise UsageError(f"--learning-rate {learning_rate:g}: give a number above 0, such as 5e-5.")
    if minutes is not None and not minutes > 0:
        raise UsageError(f"--minutes {minutes:g}: give a number above 0, or leave it out.")


def _corpus(reading: Reading, split: str | None, users: int, seed: int) -> Corpus:
    """The texts of the catalogue, and of events where there are any."""
    from penchant.tune import corpus_of, corpus_of_texts

    if reading.told().get("events") is not None:
        data = reading.open()
        train = data.split(split, seed=seed)[0] if split else data
        return corpus_of(train, seed, users)
    from penchant.data import read_items

    told = reading.told()
    if told.get("items") is None:
        raise UsageError("--items: missing. Give the file, or a --config that does.")
    found = read_items(told["items"], told.get("template"), told.get("encoding") or "utf-8")
    return corpus_of_texts(found.texts, seed)


def _told(found: Pretrained, out: Path) -> str:
    """What came of it, in words."""
    first = found.before if found.with_head is None else found.with_head
    why = "" if found.with_head is None else " (with a new head over the unchanged model)"
    kept = f"epoch {found.epoch} kept" if found.epoch else "no epoch was better: unchanged"
    return (
        f"perplexity on texts held out: {first:.1f}{why} -> {found.after:.1f}; {kept}, "
        f"{found.seconds:.0f} s: {out}"
    )
