"""An experiment as a table and sentences, or as one document."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from penchant.live.experiments import (
    Experiment,
    Judgement,
    Look,
    Shadowed,
    conclusion,
    outcome,
    span,
)


def told(found: Experiment, judged: Judgement, shadow: Shadowed, now: float) -> None:
    """Print how an experiment stands."""
    print(f"{found.name}  {found.kind}  {_state(found, now)}")
    if found.kind == "shadow":
        _shadow(found, shadow)
    else:
        print(f"measured: {outcome(found)} within {span(found.window)} of the first list\n")
        for line in _aligned(_rows(found, judged)):
            print(line)
        waiting = sum(judged.waiting)
        print(
            f"\nsplit as meant: {'yes' if judged.split_p >= 0.01 else 'NO'} (p {judged.split_p:.2g})"
            f"; {waiting:,} users wait for the end of their window"
        )
    print()
    for sentence in conclusion(found, judged):
        print(sentence)


def about(found: Experiment, judged: Judgement, shadow: Shadowed) -> dict[str, Any]:
    """The same as JSON values."""
    document = {"experiment": found.as_json(), "conclusion": conclusion(found, judged)}
    if found.kind == "shadow":
        return document | {"shadow": shadow.as_json()}
    return document | {"judgement": asdict(judged)}


def _state(found: Experiment, now: float) -> str:
    began = _moment(found.started_at)
    if found.stopped_at is None:
        return f"runs since {began} ({span(max(now - found.started_at, 1))})"
    why = f": {found.why}" if found.why else ""
    return f"ran from {began} to {_moment(found.stopped_at)}{why}"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _rows(found: Experiment, judged: Judgement) -> list[tuple[str, ...]]:
    """The table: one row an arm, the control first."""
    merged = found.kind == "interleave"
    users, mean = ("prefer it", "share") if merged else ("users", "mean")
    level = f"{1 - found.alpha:.0%}".replace("%", " %")
    against = "beyond a half" if merged else f"against {found.arms[0].name}"
    rows: list[tuple[str, ...]] = [
        ("arm", "model", users, mean, against, f"always-valid {level}", "p")
    ]
    first = judged.comparisons[0].now
    rows.append((*_arm(found, 0, first.users[0], first.means[0]), "", "", ""))
    for code, one in enumerate(judged.comparisons, 1):
        look = one.now
        rows.append((*_arm(found, code, look.users[1], look.means[1]), *_gap(found, look)))
    return rows


def _arm(found: Experiment, code: int, users: int, mean: float) -> tuple[str, ...]:
    arm = found.arms[code]
    return arm.name, arm.version, f"{users:,}", f"{mean:.4f}"


def _gap(found: Experiment, look: Look) -> tuple[str, str, str]:
    if math.isinf(look.low):
        return f"{look.gap:+.4f}", "too few users yet", ""
    return f"{look.gap:+.4f}", f"{look.low:+.4f} .. {look.high:+.4f}", f"{look.p:.2g}"


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    wide = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            text.ljust(size) if place < 2 else text.rjust(size)
            for place, (text, size) in enumerate(zip(row, wide, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def _shadow(found: Experiment, shadow: Shadowed) -> None:
    control, other = found.arms
    print(f"{other.name} ({other.version}) behind {control.name} ({control.version})\n")
    print(f"lists    {shadow.answers:,}, {shadow.dropped:,} dropped as there was no time for them")
    print(
        f"errors   {shadow.errors:,}{f', the last: {shadow.last_error}' if shadow.errors else ''}"
    )
    if shadow.answers:
        print(f"seconds  {shadow.seconds / shadow.answers:.4f} a list")
        print(f"overlap  {shadow.overlap / shadow.answers:.3f} of the items are in both lists")
        print(f"top      {shadow.same_top / shadow.answers:.3f} of the lists begin with the same")
