"""The table of ``docs/results.md``, from ``result.json``.

python bench/serving/table.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Rows = list[tuple[str, str, str]]


def rows(told: dict[str, Any]) -> Rows:
    """What was measured, the figure, and what was wanted."""
    return [*_lists(told), *_events(told), *_start(told), *_beside(told)]


def _lists(told: dict[str, Any]) -> Rows:
    found: Rows = []
    if "recommend" in told:
        found += _asked("16,859 items", told["recommend"], {"200": "<= 15 ms"}, ">= 600")
        found += _processor(told["recommend"])
    if "million" in told and "rates" in told["million"]:
        found += _asked("1,000,000 items", told["million"], {"100": "<= 25 ms"}, "")
    return found


def _processor(told: dict[str, Any]) -> Rows:
    """A request's time beside that of the bare calls, one after the other and at the same pace."""
    spent = told["rates"]["200"]["cpu_ms"]
    ways = {"1": "one after the other", "1, 200 a second": "200 a second"}
    found: Rows = [
        (
            f"processor time of a request at 200/s, to bare calls {way}",
            f"{spent / told['bare_ms'][name]:.1f} times ({spent:.2f} to {told['bare_ms'][name]:.2f} ms)",
            "<= 3",
        )
        for name, way in ways.items()
        if name in told["bare_ms"]
    ]
    if runs := told.get("runs"):
        quantiles = ", ".join(f"{one['p99_ms']:.1f} ({one['cores_of_others']:.1f})" for one in runs)
        found.append((f"p99 at 200/s in {len(runs)} runs (cores that others took)", quantiles, ""))
    return found


def _events(told: dict[str, Any]) -> Rows:
    found: Rows = []
    if "events" in told:
        one, many = told["events"]["singles_32_clients"], told["events"]["bulk_4_clients_500"]
        found.append(("events, one a post, 32 clients", f"{one['per_second']:,.0f}/s", ">= 1,000"))
        found.append(("events, 500 a post", f"{many['events_per_second']:,.0f}/s", ">= 15,000"))
    if "fresh" in told:
        for name, what in (("alone", "nobody else asks"), ("others_ask", "others ask 100/s")):
            p99 = f"p99 {told['fresh'][name]['p99_ms']:.1f} ms"
            found.append((f"acknowledged event to changed list, {what}", p99, "<= 60 ms"))
    return found


def _start(told: dict[str, Any]) -> Rows:
    found: Rows = []
    if "start" in told:
        one = told["start"]["starts"][0]
        found.append(("start to ready", f"{told['start']['seconds']:.1f} s", "<= 5 s"))
        found.append(("memory when ready", f"{one['rss_mb']:,.0f} MB", ""))
    return found


def _beside(told: dict[str, Any]) -> Rows:
    found: Rows = []
    for name, one in told.get("tutorial", {}).items():
        if isinstance(one, dict):
            found += _asked(name, one, {"200": ""}, "")
    return found


def _asked(what: str, told: dict[str, Any], wanted: dict[str, str], most: str) -> Rows:
    found = [
        (
            f"{what}, {rate}/s",
            f"p50 {one['p50_ms']:.1f}, p99 {one['p99_ms']:.1f}, p99.9 {one['p99.9_ms']:.1f} ms; "
            f"others took {one['cores_of_others']:.1f} cores",
            wanted.get(rate, ""),
        )
        for rate, one in told["rates"].items()
    ]
    full = told["saturated_32_clients"]
    memory = f"{full['per_second']:,.0f}/s, {told['rss_mb']:,.0f} MB"
    return [*found, (f"{what}, as many as go, 32 clients", memory, most)]


def main() -> None:
    told = json.loads((Path(__file__).parent / "result.json").read_text("utf-8"))
    print("| | measured | wanted |\n|---|---|---|")
    for row in rows(told):
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
