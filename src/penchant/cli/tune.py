"""``penchant tune``."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.core import Choice, Real, UsageError, Whole

from . import options
from .durations import seconds_of
from .output import document, note
from .places import check_file
from .reading import Reading, takes_data
from .settings import from_options, pairs, value_of

if TYPE_CHECKING:
    from penchant.lab import Tuned

_RANGE = re.compile(r"(?P<low>[^.:]+(?:\.\d+)?)\.\.(?P<high>[^:]+)(?P<log>:log)?")


@takes_data
def tune(  # noqa: PLR0913 - an option each
    reading: Reading,
    *,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="NAME", help="The model.  [default: text-sequence]"),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting to start from; repeatable."),
    ] = None,
    search: Annotated[
        list[str] | None,
        typer.Option(
            "--search",
            metavar="KEY=VALUES",
            help="What to try for a setting: A,B,C or LOW..HIGH or LOW..HIGH:log; repeatable."
            "  [default: the model's own]",
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", metavar="S", help="Use the training part of this split only."),
    ] = None,
    trials: Annotated[
        int, typer.Option("--trials", metavar="N", min=1, help="Settings to try in all.")
    ] = 20,
    limit: Annotated[
        str | None,
        typer.Option("--time", metavar="T", help="Begin no trial after this: 90s, 30m or 2h."),
    ] = None,
    metric: Annotated[
        str, typer.Option("--metric", metavar="M", help="What to maximise.")
    ] = "NDCG@10",
    storage: Annotated[
        Path | None,
        typer.Option(
            "--storage",
            metavar="FILE",
            help="Keep the trials in this SQLite file, and go on there.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the best settings as a penchant.toml."),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", metavar="FILE", help="Draw the search, as .png or .svg."),
    ] = None,
    seed: options.FileSeed = None,
    as_json: options.AsJson = False,
) -> None:
    r"""Search for good settings on validation events.

    They are cut from the training events; the held-out events of --split are never looked at. Fits that fall behind are
    given up early. With --storage an interrupted search goes on where it stopped:
    give the same command again.

    Examples:
      penchant tune --events events.csv --items items.jsonl --time 30m \
          --storage search.db --out best.toml --picture search.svg
      penchant tune --events events.csv --items items.jsonl \
          --search learning_rate=0.0005..0.005:log --search dropout=0.1,0.2,0.3
      penchant fit --config best.toml
    """
    from penchant.engine import by_name

    file = reading.file
    name = file.get("model", "text-sequence") if model is None else model
    reading.check()
    seed = file.get("seed", 0) if seed is None else seed
    seconds = seconds_of(limit, "--time", bare="m") if limit else None
    space = {key: values(key, text) for key, text in pairs("--search", search or []).items()}
    estimator = by_name(name, **file.get("model_settings", {}) | from_options(setting or []))
    for path, endings in ((storage, ()), (out, (".toml",)), (picture, (".png", ".svg"))):
        if path:
            check_file(path, *endings)
            path.parent.mkdir(parents=True, exist_ok=True)
    data = reading.open()
    protocol = split or file.get("split")
    train = data.split(protocol, seed=seed)[0] if protocol else data
    from penchant.lab import tune as searched

    start = time.monotonic()
    found = searched(
        estimator,
        train,
        trials,
        seed,
        metric,
        seconds,
        space=space or None,
        storage=storage,
    )
    if as_json:
        document(found.to_json(metric) | {"seconds": time.monotonic() - start})
    else:
        print(found.table(metric))
    if picture:
        found.picture(picture, metric)
        note(f"drew {picture}")
    if out:
        _write(out, reading, name, found, protocol, seed)
        note(f"wrote {out}; next: penchant fit --config {out} --out RUN")


def values(key: str, text: str) -> Real | Whole | Choice:
    """What ``--search key=text`` asks to try.

    >>> values("rate", "0.001..0.01:log")
    Real(low=0.001, high=0.01, log=True)
    >>> values("rank", "4..16")
    Whole(low=4, high=16, log=False)
    >>> values("tuning", "lora,bitfit")
    Choice(values=('lora', 'bitfit'))

    Raises:
        UsageError: a range without two numbers in order.
    """
    found = _RANGE.fullmatch(text)
    if not found:
        return Choice(tuple(value_of(part.strip()) for part in text.split(",")))
    low, high = value_of(found["low"]), value_of(found["high"])
    log = bool(found["log"])
    numbers = all(isinstance(end, int | float) for end in (low, high))
    if not numbers or low >= high or (log and low <= 0):
        raise UsageError(
            f"--search {key}={text}: write LOW..HIGH with the lower number first, such as 0.1..0.5"
            f"{'; a logarithmic range begins above zero' if log else ''}."
        )
    whole = isinstance(low, int) and isinstance(high, int)
    return Whole(low, high, log) if whole else Real(float(low), float(high), log)


def _write(
    path: Path, reading: Reading, name: str, found: Tuned, protocol: str | None, seed: int
) -> None:
    """The best settings as a ``penchant.toml`` that ``penchant fit`` takes."""
    from penchant.models import settings_of
    from penchant.store import atomic_write

    base = path.absolute().parent
    data = {key: _from(base, value) for key, value in reading.told().items()}
    fit = {"model": name, "seed": seed} | ({"split": protocol} if protocol else {})
    tables = {"data": data, "fit": fit, "model": settings_of(found.estimator.config)}
    head = f"# Written by `penchant tune`: the best of {len(found.trials)} trials.\n"
    atomic_write(path, (head + _toml(tables)).encode())


def _from(base: Path, value: Any) -> Any:
    """A path as seen from the folder of the file that names it."""
    if not isinstance(value, Path):
        return value
    whole = value.absolute()
    return str(whole.relative_to(base) if whole.is_relative_to(base) else whole)


def _toml(tables: Mapping[str, Any], above: str = "") -> str:
    """Nested tables of plain values as TOML, which has no None: a setting that is None is a word.

    >>> print(_toml({"model": {"rank": 8, "tuning": None}, "columns": {"movie id": "item_id"}}).strip())
    [model]
    rank = 8
    tuning = "none"
    <BLANKLINE>
    [columns]
    "movie id" = "item_id"
    """
    text = ""
    for key, value in tables.items():
        if isinstance(value, Mapping):
            plain = {k: v for k, v in value.items() if not isinstance(v, Mapping)}
            nested = {k: v for k, v in value.items() if isinstance(v, Mapping)}
            rows = "".join(
                f"{_key(k)} = {_quoted('none' if v is None else v)}\n" for k, v in plain.items()
            )
            text += f"\n[{above}{_key(key)}]\n{rows}" + _toml(nested, f"{above}{_key(key)}.")
    return text


def _key(name: str) -> str:
    """A name as a key of TOML, in quotes where it has other signs than a bare one may."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(value: Any) -> str:
    """A plain value as TOML: JSON but for one sign that TOML wants escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
