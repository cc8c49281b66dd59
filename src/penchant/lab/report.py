"""A comparison as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from . import charts
from .evaluation import Figure
from .tables import chance, second_metric, seconds, signed

if TYPE_CHECKING:
    from .comparison import Comparison

_SLICES = {
    "warm-user": "users with training events",
    "new-user": "users without training events",
    "warm-item": "answers with training events",
    "cold-item": "answers without training events",
    "tail-answer": "answers among the less popular items that make up half of the events, or new",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One model in a chart."""

    name: str
    bar: Markup
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Forest:
    """Lines over one axis."""

    title: str
    note: str
    lines: Sequence[Line]
    axis: Markup


def page(comparison: Comparison) -> str:
    """The page."""
    import jinja2  # 0.1 s to import: only where a report is made

    template = resources.files(__package__).joinpath("report.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["plain"] = _plain
    environment.filters["chance"] = chance
    environment.filters["seconds"] = seconds
    return environment.from_string(template).render(
        c=comparison,
        one=comparison.best.evaluation,
        metric=comparison.metric,
        second=second_metric(comparison.metric),
        k=comparison.metric.partition("@")[2],
        verdict=_verdict(comparison),
        quality=_quality(comparison),
        behind=_behind(comparison),
        slices=_sliced(comparison),
        time=_time(comparison),
        curves=_curves(comparison),
        exposure=_exposure(comparison),
        users=_histogram(comparison.facts.lengths),
        items=_histogram(comparison.facts.trained),
        mib=1 << 20,
    )


def _verdict(c: Comparison) -> list[str]:
    """What the comparison says, in sentences."""
    figure = c.best.evaluation.metrics[c.metric]
    said = [f"{c.best.name} ranks best: {c.metric} {figure.mean:.4f}."]
    if len(c.entries) == 1:
        return said
    tied = [
        entry.name
        for entry in c.entries[1:]
        if (pair := c.against_best(entry.name)) and pair.p_holm > 0.05
    ]
    if tied:
        said.append(
            f"On these requests it cannot be told apart from {_listed(tied)} (p\u00a0>\u00a00.05)."
        )
        return said
    pair = c.against_best(c.entries[1].name)
    if pair:
        d = pair.difference
        said.append(
            f"It is ahead of {pair.second}, the next, by {d.gap:.4f} "
            f"(95 % interval {d.low:.4f} to {d.high:.4f}, p {_p(pair.p_holm)})."
        )
    return said


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _p(p: float) -> str:
    text = chance(p)
    return text if text.startswith("<") else f"= {text}"


def _forest(title: str, note: str, rows: Sequence[tuple[str, Figure, bool]]) -> Forest:
    scale = charts.Scale.around([v for _, f, _ in rows for v in (f.low, f.high, f.mean)])
    lines = [
        Line(
            name,
            charts.interval_bar(scale, f.mean, f.low, f.high, best),
            signed(f"{f.mean:.4f}"),
            signed(f"{f.low:.4f} to {f.high:.4f}"),
        )
        for name, f, best in rows
    ]
    return Forest(title, note, lines, charts.axis(scale))


def _quality(c: Comparison) -> Forest:
    rows = [(e.name, e.evaluation.metrics[c.metric], e is c.best) for e in c.entries]
    return _forest(c.metric, "", rows)


def _behind(c: Comparison) -> Forest | None:
    rows = []
    for entry in c.entries[1:]:
        pair = c.against_best(entry.name)
        if pair:
            d = pair.difference
            rows.append((entry.name, Figure(-d.gap, -d.high, -d.low), False))
    return _forest(f"Difference to {c.best.name}", "", rows) if rows else None


def _sliced(c: Comparison) -> list[Forest]:
    out = []
    for name, part in c.best.evaluation.slices.items():
        if part.requests == c.best.evaluation.requests:
            continue  # the same picture as that of all requests
        rows = [
            (e.name, e.evaluation.slices[name].metrics[c.metric], e is c.best) for e in c.entries
        ]
        if name.startswith("history-"):
            about = f"histories of {name.removeprefix('history-').replace('-', ' to ')} events"
        else:
            about = _SLICES.get(name, "")
        out.append(_forest(name, f"{about}; {part.requests:,} requests".lstrip("; "), rows))
    return out


def _time(c: Comparison) -> Markup:
    points = [(e.name, e.fit_seconds, e.evaluation.metrics[c.metric].mean) for e in c.entries]
    across = charts.Scale.powers([x for _, x, _ in points])
    return charts.scatter(points, across, charts.Scale.around([y for *_, y in points]))


def _curves(c: Comparison) -> list[tuple[str, Markup]]:
    """The validation figures of each model that is trained in epochs, on one scale."""
    drawn = [entry for entry in c.entries if len(entry.curve) > 1]
    if not drawn:
        return []
    scale = charts.Scale.around([value for entry in drawn for value in entry.curve])
    return [(entry.name, charts.curve(entry.curve, scale)) for entry in drawn]


def _exposure(c: Comparison) -> list[Line]:
    """How training events, answers and each model's lists spread over popular and rare items."""

    def line(name: str, counts: NDArray[np.int64]) -> Line:
        part = np.bincount(c.facts.band, weights=counts, minlength=3) / max(int(counts.sum()), 1)
        text = " / ".join(f"{100 * share:.0f} %" for share in part)
        return Line(name, charts.shares(part.tolist()), text)

    rows = [line("training events", c.facts.trained), line("test answers", c.facts.answered)]
    return rows + [line(entry.name, entry.evaluation.shown) for entry in c.entries]


def _histogram(counts: NDArray[np.int64]) -> Markup:
    """Counts in bins that double: 0, 1, 2-3, 4-7, ... and 512 or more."""
    edges = np.array([0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512])
    bins = np.bincount(np.searchsorted(edges, counts, side="right") - 1, minlength=len(edges))
    filled = np.flatnonzero(bins)
    shown = slice(filled[0], filled[-1] + 1) if len(filled) else slice(0, 1)
    return charts.histogram(bins[shown].tolist(), [str(edge) for edge in edges[shown]])


def _plain(value: Any) -> str:
    """A setting for people."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(one)}" for key, one in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return "none" if value is None else str(value)
