"""What a model forgets while it learns another kind of item, and what holds it to the old one.

    python bench/forgetting/run.py --old ../shared/data/amazon-video-games-2018 --new ../shared/data/...
    python bench/forgetting/run.py --old ... --new ... --choose
    python bench/forgetting/run.py --quick

A model is fitted on the old kind of item. A month of another kind comes into the same catalogue, and
the model is updated on it in several ways (settings.toml). Asked are the last events of users of
both kinds, every item of both ranked. The data has an order and no times: a tenth of the new kind's
users, drawn at random, with all of their events, stands for a month.

Settings are chosen with --choose, which sees neither of the test's events: choose.json. A way that has
been measured is not measured again (cells/, which git ignores); result.json sums up all of them. The
model that is updated lies in cells/serving, and is fitted where it is not there.
"""

from __future__ import annotations

import argparse
import json
import time
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
from worlds import NEW, World, quick, read, worlds

from penchant.core import Holdout, generator, quiet
from penchant.engine import Recommender, by_name, load, updated
from penchant.metrics import hits, interval, ndcg, paired
from penchant.models import UpdateConfig, configure

HERE = Path(__file__).parent
ALONE = ("new alone", "new alone, slower", "none", "scratch")
"""Ways that see nothing but the new events: the best of them is what others are measured by."""

STOPPED = 2_000
"""Users by whose last training events the serving model's epochs were chosen."""


def main() -> None:
    args = arguments()
    settings = tomllib.loads((HERE / "settings.toml").read_text())
    data = quick() if args.quick else read(args.old, args.new, settings["share"])
    choosing, judging = worlds(data, STOPPED)
    world = choosing if args.choose else judging
    cells = args.cells / ("quick" if args.quick else "choose" if args.choose else "judge")
    cells.mkdir(parents=True, exist_ok=True)
    named = settings["quick" if args.quick else "serving"]
    serving = fitted(named, judging, args.cells / ("quick" if args.quick else "") / "serving")
    for way, given in ways(settings, args).items():
        key = {"settings": given, "data": world.data.digest, "serving": named}
        if (args.only and way not in args.only.split(",")) or known(cells, way, key) is not None:
            continue
        values, seconds = measured(serving, world, given, named)
        np.savez_compressed(cells / f"{way}.npz", **values)
        told = {"seconds": round(seconds, 1), **{n: float(v.mean()) for n, v in values.items()}}
        (cells / f"{way}.json").write_text(json.dumps({"key": key, **told}, indent=1) + "\n")
        print(way, json.dumps(told), flush=True)
    found = {}
    for way, given in ways(settings, args).items():
        key = {"settings": given, "data": world.data.digest, "serving": named}
        cell = known(cells, way, key)
        if cell is not None:
            found[way] = (given, *cell)
    out = args.out or HERE / ("choose.json" if args.choose else "result.json")
    result = summed_up(found, world, command(args), settings)
    if not args.quick or args.out:
        out.write_text(json.dumps(result, indent=1) + "\n")
    print(table(result))


def ways(settings: dict[str, Any], args: argparse.Namespace) -> dict[str, Any]:
    """The settings of each way: those to choose from, or those that were chosen."""
    listed: dict[str, Any] = settings["choose" if args.choose else "ways"]
    common = settings["update"] | (settings["quick_update"] if args.quick else {})
    return {
        way: given if isinstance(given, str) else {**common, **given}
        for way, given in listed.items()
    }


def fitted(named: dict[str, Any], world: World, folder: Path) -> Recommender:
    """The model that serves, over the old kind of item alone."""
    if folder.exists():
        return load(folder)
    name, rest = named["model"], {n: value for n, value in named.items() if n != "model"}
    serving = by_name(name, **rest).fit(world.before, seed=0)
    serving.save(folder)
    return serving


def measured(
    serving: Recommender, world: World, given: Any, named: dict[str, Any]
) -> tuple[dict[str, np.ndarray], float]:
    """NDCG@10 of each request of both kinds after an update in one way, and its seconds."""
    started = time.perf_counter()
    with quiet():
        if given == "before":
            after = unlearned(serving, world)
        elif given == "scratch":
            rest = {n: value for n, value in named.items() if n != "model"}
            after = by_name(named["model"], **rest).fit(world.alone, seed=0)
        else:
            after = updated(serving, world.data, world.new, configure(UpdateConfig, given), seed=0)
    seconds = time.perf_counter() - started
    asked = world.new_asked if given == "scratch" else world.old_asked
    values = {"new": ndcg_of(after, world.new_asked)}
    if given != "scratch":
        values["old"] = ndcg_of(after, sampled(asked))
    return values, seconds


def unlearned(serving: Recommender, world: World) -> Recommender:
    """The serving model over the catalogue of both kinds: new items placed, nothing learned."""
    config = UpdateConfig(epochs=1, learning_rate=0.0, replay=0.0)
    if serving.abilities.new_items:
        more = serving.add_items(world.data.catalogue)
        return Recommender(more.model, more.catalogue, world.data.interactions)
    return updated(serving, world.data, world.new, config)


def sampled(asked: Holdout, most: int = 10_000) -> Holdout:
    """At most so many of the requests, drawn at random."""
    if len(asked) <= most:
        return asked
    return asked[np.sort(generator(0, "asked").choice(len(asked), most, replace=False))]


def ndcg_of(recommender: Recommender, asked: Holdout) -> np.ndarray:
    """NDCG@10 of each request, all items ranked but those of the history, (requests,)."""
    found = np.zeros((len(asked), 10), np.int64)
    for rows, codes, _ in recommender.rank(asked.requests, 10):
        found[rows, : codes.shape[1]] = codes
    truth = asked.truth
    return ndcg(hits(found, truth.indptr, truth.item), truth.lengths)


def known(cells: Path, way: str, key: dict[str, Any]) -> tuple[dict, dict] | None:
    """What was measured of a way before, with these settings on this data."""
    path = cells / f"{way}.json"
    if not path.exists() or json.loads(path.read_text())["key"] != json.loads(json.dumps(key)):
        return None
    return json.loads(path.read_text()), dict(np.load(path.with_suffix(".npz")))


def summed_up(
    found: dict[str, Any], world: World, told: str, settings: dict[str, Any]
) -> dict[str, Any]:
    """Every way beside the model before, and its gain beside that of the new events alone."""
    before = found["before"][2] if "before" in found else None
    alone = [way for way in ALONE if way in found]
    best = max(alone, key=lambda way: found[way][2]["new"].mean(), default=None)
    rows = {}
    for way, (given, cell, values) in found.items():
        row: dict[str, Any] = {"settings": given, "seconds": cell["seconds"]}
        for part, each in values.items():
            row[part] = {"ndcg": float(each.mean()), "ci95": list(interval(each, seed=0))}
            if before is not None:
                gap = paired(each, before[part], seed=0)
                row[part] |= {"gap": gap.gap, "gap_ci95": [gap.low, gap.high]}
        if before is not None and "old" in values:
            row["kept"] = ratio(values["old"], before["old"])
        if before is not None and best is not None:
            row["gained"] = ratio(
                values["new"] - before["new"], found[best][2]["new"] - before["new"]
            )
        rows[way] = row
    people = world.data.interactions
    return {
        "command": told,
        "share": settings["share"],
        "events": {"old": int((~world.new).sum()), "new": int(world.new.sum())},
        "items": {
            "old": sum(not name.startswith(NEW) for name in people.items),
            "new": sum(name.startswith(NEW) for name in people.items),
        },
        "asked": {"old": min(len(world.old_asked), 10_000), "new": len(world.new_asked)},
        "alone": best,
        "ways": rows,
    }


def ratio(one: np.ndarray, other: np.ndarray, draws: int = 2_000) -> dict[str, Any]:
    """The mean of one as a share of the mean of the other, with its interval, users resampled."""
    rng = generator(0, "ratio")
    drawn = []
    for _ in range(draws):
        rows = rng.integers(0, len(one), len(one))
        drawn.append(one[rows].mean() / (other[rows].mean() or np.nan))
    share = float(one.mean() / (other.mean() or np.nan))
    return {"share": share, "ci95": [float(x) for x in np.nanquantile(drawn, [0.025, 0.975])]}


def table(result: dict[str, Any]) -> str:
    """As the results page shows it."""
    lines = [
        "| update | old NDCG@10 | kept | new NDCG@10 | gained | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for way, row in result["ways"].items():
        cells = [way]
        for part, name in (("old", "kept"), ("new", "gained")):
            cells += [f"{row[part]['ndcg']:.4f}" if part in row else "-", percent(row.get(name))]
        lines.append("| " + " | ".join([*cells, f"{row['seconds']:.0f}"]) + " |")
    return "\n".join(lines)


def percent(found: dict[str, Any] | None) -> str:
    if found is None:
        return "-"
    low, high = found["ci95"]
    return f"{found['share']:.1%} ({low:.1%} to {high:.1%})"


def command(args: argparse.Namespace) -> str:
    if args.quick:
        return "python bench/forgetting/run.py --quick"
    folders = f"--old {args.old.name} --new {args.new.name}"
    return f"python bench/forgetting/run.py {folders}" + " --choose" * args.choose


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--old", type=Path, help="folder with events.csv.gz and items.jsonl.gz")
    parser.add_argument("--new", type=Path, help="another one")
    parser.add_argument("--choose", action="store_true", help="measure on validation events")
    parser.add_argument("--quick", action="store_true", help="made-up data, in seconds")
    parser.add_argument("--only", help="ways of settings.toml, with commas; the others as measured")
    parser.add_argument("--cells", type=Path, default=HERE / "cells")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    if not args.quick and (args.old is None or args.new is None):
        parser.error("name the folders of both kinds (--old, --new), or take --quick.")
    return args


if __name__ == "__main__":
    main()
