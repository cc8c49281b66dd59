"""``penchant demo``: the whole story on MovieLens-100K."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.core import MissingDependency

from .demo_service import a_list_that_changes
from .kept import Kept, remembered
from .output import note, ranked
from .picture import draw
from .places import check_folder_above

if TYPE_CHECKING:
    from penchant.data import Dataset
    from penchant.engine import Recommender

QUICK = {"batch_tokens": 2048, "epochs": 14}
"""Few passes over the data, so that the demo takes minutes; the rest as chosen on validation."""

MODELS: Mapping[str, Mapping[str, Any]] = {
    "popularity": {},
    "ease": {},
    "sasrec": {**QUICK, "dim": 64, "dropout": 0.2},
    "text-mean": {},
    "text-sequence": QUICK,
}
"""The models of the demo with their settings; the last one answers the questions."""

PROTOCOL = "leave-last-out"
HISTORY = ("1", "95", "71")  # Toy Story, Aladdin, The Lion King
CLICKED = ("185", "200")  # Psycho, The Shining
QUERY = "a space adventure with aliens and robots"
SHOWN = 5
WIDTH = 80


def demo(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The folder for the report and the runs.")
    ] = Path("demo"),
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Another seed.")] = 0,
) -> None:
    """See the whole story on MovieLens-100K, in minutes.

    Describes the data, trains five models and compares them on held-out events, recommends
    for a known user, a new one and a sentence, and writes DIR/report.html. Then it serves the
    best model, tells it of some clicks, and shows how a list changes. Runs are kept in DIR/runs,
    so a second time is quick.

    Example:
      penchant demo
    """
    start = time.monotonic()
    check_folder_above(out / "runs" / "first")
    data = _read()
    fitted, run = _judge(data, out, seed)
    _ask(fitted)
    kept = _serve(fitted, run, out / "service")
    minutes, seconds = divmod(int(time.monotonic() - start), 60)
    _title(f"Done in {minutes} min {seconds:02d} s. What next?")
    print(f"  the report                {out / 'report.html'}")
    print(f'  ask it yourself           penchant recommend --run {run} --query "{QUERY}"')
    if kept is not None:
        print(f"  the service               penchant serve --data {kept}")
        print("                            and then http://127.0.0.1:8080/console")
    print("  your own data             penchant init, then penchant fit --config penchant.toml")
    print("  what a command takes      penchant COMMAND --help")


def _read() -> Dataset:
    from penchant.data import read_demo

    _title("1. The data: who rated which film, and what the films are about")
    data = read_demo()
    for line in data.notes:
        note(f"note: {line}")
    print(data.describe())
    return data


def _judge(data: Dataset, out: Path, seed: int) -> tuple[Recommender, Path]:
    from penchant.engine import by_name
    from penchant.lab import compare

    _title("2. Models learn from all but each user's last film, and must find that one")
    train, test = data.split(PROTOCOL, seed=seed)
    kept = {
        name: Kept.of(by_name(name, **settings), out / "runs", train, seed)
        for name, settings in MODELS.items()
    }
    begun = time.monotonic()
    asked: dict[str, Recommender] = {}

    def tell(name: str, fitted: Recommender) -> None:
        nonlocal begun
        how = "found in an earlier run" if kept[name].known else "trained"
        note(f"  {name:<16} {how} and judged in {time.monotonic() - begun:.1f} s")
        begun = time.monotonic()
        asked.clear()  # one model is held at a time
        asked[name] = fitted

    note(f"training and judging {', '.join(MODELS)}: minutes the first time")
    found = remembered(compare(kept, train, test, seed=seed, keep=tell), kept)
    print(found)
    found.report(out / "report.html")
    draw(found, out / "comparison.svg")
    ((name, fitted),) = asked.items()
    return fitted, kept[name].run


def _ask(fitted: Recommender) -> None:
    known = fitted.interactions
    user = known.users.name(0)
    last = known.events.items_of(0)[::-1][:SHOWN].tolist()
    _title(f"3. {fitted.name} recommends")
    _answers(fitted, f"for user {user}, who last saw {_titles(fitted, last)}", user=user)
    history = [item for item in HISTORY if item in fitted.catalogue.items]
    codes = fitted.catalogue.items.codes(history).tolist()
    _answers(fitted, f"for somebody new, who liked {_titles(fitted, codes)}", history=history)
    _answers(fitted, f"for a sentence: {QUERY!r}", query=QUERY)


def _serve(fitted: Recommender, run: Path, data: Path) -> Path | None:
    """The data folder of the service that was shown; None where its packages are missing."""
    _title("4. The model as a service: what somebody does changes their very next list")
    chosen = [item for item in CLICKED if item in fitted.catalogue.items]
    titles = [fitted.catalogue.titles[code] for code in fitted.catalogue.items.codes(chosen)]
    try:
        a_list_that_changes(run, data, list(zip(chosen, titles, strict=True)), SHOWN)
    except MissingDependency as error:
        note(f"  left out: {error}")
        return None
    return data


def _answers(fitted: Recommender, whom: str, **asked: Any) -> None:
    print(textwrap.fill(whom, WIDTH), end="\n\n")
    ranked(fitted.recommend(**asked, k=SHOWN, explain=True))
    print()


def _titles(fitted: Recommender, codes: Sequence[int]) -> str:
    return ", ".join(fitted.catalogue.titles[code] for code in codes)


def _title(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}\n", flush=True)
