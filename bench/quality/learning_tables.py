"""What learning from a service is measured by, for docs/results.md: the gate, forgetting, drift, experiments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

BENCH = Path(__file__).parents[1]


def gate() -> str:
    """Good updates and bad ones, kills."""
    lines = ["## Learning: the gate", ""]
    for name in ("gate/result", "gate/item-knn"):
        found = _read(name)
        if found is None:
            continue
        bad = found["bad"]
        lines += [
            f"`{found['model']}` fitted on the first half of MovieLens-100K by time; the second half told to the log in "
            f"{found['parts']} parts, an update after each: **{found['promoted']} of {found['parts']} promoted**. Bad "
            f"updates before a service that answers: **{found['refused']} of {len(bad)} not promoted**, "
            f"{sum(row['failed'] for row in bad)} of {sum(row['asked'] for row in bad):,} questions failed meanwhile. "
            f"A worse model forced through: {_forced(found['forced'])}. `python bench/gate/run.py`",
            "",
            "| bad update | what became of it | why |",
            "|---|---|---|",
            *(f"| {row['update']} | {row['did']} | {_short(row['why'])} |" for row in bad),
            "",
        ]
    kills = _read("learning/kills")
    if kills is not None:
        told = kills["sum"]
        lines += [
            f"`penchant learn` killed {told['kills']} times, before and after each of ten phases, beside a service of two "
            f"processes: half-done things {told['half']}, events lost {told['lost']}, questions failed {told['failed']}, "
            f"steps afterwards that did not end well {told['stuck']}. `python bench/learning/kills.py`",
            "",
        ]
    return "\n".join(lines)


def _forced(found: dict[str, Any]) -> str:
    return "not back" if found["events"] is None else f"back after {found['events']} honest events"


def _short(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ").partition(": NDCG")[0][:160]


def forgetting() -> str:
    """What updates keep and gain."""
    found = _read("forgetting/result")
    if found is None:
        return ""
    lines = [
        "## Learning: forgetting",
        "",
        f"TextSequence fitted on Video Games ({found['events']['old']:,} events), updated on {found['events']['new']:,} events "
        "of other people with Beauty's items. Kept: share of the NDCG@10 on old held-out events. Gained: share of what the "
        "best update on the new events alone gains on new ones. 95 % intervals, one seed; settings chosen on validation "
        "events (docs/log.md says how, and where that was not clean). "
        "`python bench/forgetting/run.py --old FOLDER --new FOLDER`",
        "",
        "| update | old NDCG@10 | kept | new NDCG@10 | gained | s |",
        "|---|---|---|---|---|---|",
    ]
    for name, way in found["ways"].items():
        old = f"{way['old']['ndcg']:.4f}" if "old" in way else ""
        lines.append(
            f"| {name} | {old} | {_share(way.get('kept'))} | {way['new']['ndcg']:.4f} | "
            f"{_share(way.get('gained'))} | {way['seconds']:.0f} |"
        )
    return "\n".join([*lines, ""])


def _share(part: dict[str, Any] | None) -> str:
    if part is None:
        return ""
    low, high = part["ci95"]
    return f"{part['share']:.1%} [{low:.0%}, {high:.0%}]"


def drift() -> str:
    """Changes found, their delays, false alarms."""
    found = _read("drift/result")
    if found is None:
        return ""
    lines = [
        "## Learning: drift",
        "",
        "Changes put into real streams (users in random order): delay in events, median and worst. "
        "`python bench/drift/run.py --data FOLDER --seeds 3 --synthetic 60`",
        "",
        "| change | " + " | ".join(f"{name}: found | delay" for name in _streams(found)) + " |",
        "|---|" + "---|---|" * len(_streams(found)),
    ]
    streams = _streams(found)
    for change in dict.fromkeys(c for name in streams for c in found[name]["injected"]):
        cells = []
        for name in streams:
            one = found[name]["injected"].get(change)
            middle, worst = one["delay, events, median and worst"] if one else (0, 0)
            cells += [one["found"], f"{middle:,} / {worst:,}" if worst else ""] if one else ["", ""]
        lines.append(f"| {change} | " + " | ".join(cells) + " |")
    quiet = found["quiet streams drawn at random"]
    same = ", ".join(f"{found[name]['false alarms in them']} in {name}" for name in streams)
    lines += [
        "",
        f"False alarms in quiet streams of the same length: {same}; in {quiet['streams']} streams drawn at random "
        f"({quiet['events']:,} events) {quiet['false alarms']}, where at most "
        f"{quiet['promised, on average at most']} are promised on average.",
        "",
    ]
    return "\n".join(lines)


def _streams(found: dict[str, Any]) -> list[str]:
    return [name for name, one in found.items() if isinstance(one, dict) and "injected" in one]


def experiments() -> str:
    """False alarms, power, off-policy coverage, interleaving; all of it simulated."""
    found = _read("experiments/result")
    if found is None:
        return ""
    alarms = [
        f"| {one['outcome']} | {one['false alarms']:.1%} | {one['ordinary interval, looked at as often']:.1%} |"
        for one in found["same"]
    ]
    power = [
        f"| {one['outcome']} | {one['lift']:+.0%} | {one['users']:,} | {one['found']:.0%} |"
        for one in found["power"]
    ]
    held = [
        f"| {one['people']} | {one['assumed']} | {one['estimator']} | {one['held the truth']:.1%} |"
        for one in found["off_policy"]
    ]
    fewer = [
        f"| {one['more clicks']:+.0%} | {one['requests a user']} | {one['times fewer']:.1f} |"
        for one in found["interleaving"]
    ]
    return "\n".join(
        [
            "## Experiments (simulated)",
            "",
            "A/A tests, 1,000 of each, 10,000 users, looked at on 28 days: `python bench/experiments/run.py`",
            "",
            "| outcome | false alarms | an ordinary 95 % interval, looked at as often |",
            "|---|---|---|",
            *alarms,
            "",
            "| outcome | true lift | users | found |",
            "|---|---|---|---|",
            *power,
            "",
            "Off-policy estimates: how often the interval held the truth, of 200 logs.",
            "",
            "| people are | assumed | estimator | held |",
            "|---|---|---|---|",
            *held,
            "",
            "Interleaving: times fewer users than A/B until 80 % of the runs are decided.",
            "",
            "| better list gets | requests a user | times fewer |",
            "|---|---|---|",
            *fewer,
            "",
        ]
    )


def _read(name: str) -> Any:
    """What a bench wrote; None where it was not run."""
    file = BENCH / f"{name}.json"
    return json.loads(file.read_text()) if file.exists() else None
