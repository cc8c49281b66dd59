"""What the service is measured by, for docs/results.md: load, swaps, hostile clients, durability."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

BENCH = Path(__file__).parents[1]
sys.path.insert(0, str(BENCH / "serving"))

from table import rows  # noqa: E402 - of bench/serving

LOST = ("lost", "duplicated", "invented", "by_hand", "wrong", "crashed", "unopened")


def service() -> str:
    """Figures of bench/serving: the load, beside a tutorial's server; swaps; hostile clients; fuzzing."""
    lines = [
        "## The service",
        "",
        "TextSequence over the 16,859 items of Video Games and SASRec over a million synthetic ones (HNSW), histories of 50, "
        "k = 10, over loopback; arrivals of a Poisson process, times from the planned moment; the load comes from the same two "
        "cores. The tutorial's server is FastAPI and faiss, the same vectors, nothing durable. "
        "`python bench/serving/run.py --run RUN --million BIG start recommend million events fresh tutorial`",
        "",
        "| | measured | wanted |",
        "|---|---|---|",
        *("| " + " | ".join(row) + " |" for row in rows(_read("serving/result"))),
        "",
        "Models exchanged 20 times under 50 lists a second, then seven bad ones offered. `python bench/serving/swaps.py --run RUN`",
        "",
        "| workers | answers | failed | mixed | p99 ms | promoted in s | rolled back in s | bad ones promoted |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one['workers']} | {one['answers']} | {one['failed']} | {one['mixed']} | {one['p99_ms']:.0f} | "
        f"{one['promote_seconds']['median']:.2f} | {one['roll_back_seconds']['median']:.3f} | "
        f"{one['bad_promoted']} |"
        for one in _read("serving/swaps")["services"]
    ]
    slow = _read("serving/slow_clients")["kinds"]
    fuzz = _read("serving/fuzz")
    lines += [
        "",
        "50 hostile connections, p99 of others to theirs alone: "
        + ", ".join(f"{kind} {one['ratio']:.2f}" for kind, one in slow.items())
        + ". `python bench/serving/slow_clients.py`",
        "",
        f"{fuzz['cases']:,} generated requests in {fuzz['seconds']} s: {fuzz['server_errors']} server errors, "
        f"{fuzz['off_the_document']} answers off the API's own document. `python bench/serving/fuzz.py`",
        "",
    ]
    return "\n".join(lines)


def durability() -> str:
    """Figures of bench/durability: what was lost, and what with a guard off."""
    told = _read("durability/result")
    lines = [
        "## Durability",
        "",
        f"`{told['command']}`. Those *without* have one guard off: they show that the figures can be other than zero.",
        "",
        "| | of | acknowledged | what went wrong |",
        "|---|---|---|---|",
    ]
    for name, one in told.items():
        if not isinstance(one, dict):
            continue
        of = next((one[key] for key in ("cuts", "kills", "copies", "turns") if key in one), "")
        wrong = {key.replace("_", " "): one[key] for key in LOST if one.get(key)}
        if one.get("failed_turns"):
            wrong["failed turns"] = one["failed_turns"]
        said = ", ".join(f"{key} {count}" for key, count in wrong.items()) or "nothing"
        lines.append(
            f"| {name.replace('_', ' ')} | {of} | {one.get('acknowledged', '')} | {said} |"
        )
    erased = _read("durability/erase")
    found = ", ".join(
        f"{name} {one['residues']}" for name, one in erased.items() if isinstance(one, dict)
    )
    lines += [
        "",
        f"Residues of erased people in every byte that is left: {found}. `{erased['command']}`",
        "",
    ]
    return "\n".join(lines)


def _read(name: str) -> Any:
    return json.loads((BENCH / f"{name}.json").read_text("utf-8"))
