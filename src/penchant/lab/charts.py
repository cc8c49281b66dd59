"""Charts as inline SVG in per cent of the page's width, so that text keeps its size on a phone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup, escape

from .tables import signed

ROW = 26  # pixels a line of a forest plot is high
LINE = 13  # pixels between two labels that do not touch
LETTER = 2.2  # per cent of the width that a letter of a label takes on a phone


@dataclass(frozen=True, slots=True)
class Scale:
    """From numbers to per cent of the width."""

    low: float
    high: float
    log: bool = False

    @classmethod
    def around(cls, values: Sequence[float], zero: bool = True) -> Scale:
        """A scale that holds all values, and zero where asked, with a little air."""
        low, high = min(values), max(values)
        if zero:
            low, high = min(low, 0.0), max(high, 0.0)
        air = 0.04 * (high - low) or 1.0
        return cls(low if zero and low == 0 else low - air, high + air)

    @classmethod
    def powers(cls, values: Sequence[float]) -> Scale:
        """A logarithmic scale from a power of ten to another."""
        positive = [max(value, 1e-3) for value in values]
        low = math.floor(math.log10(min(positive)))
        high = math.ceil(math.log10(max(positive)))
        return cls(10.0**low, 10.0 ** max(high, low + 1), log=True)

    def at(self, value: float) -> float:
        """Where a value stands, per cent."""
        low, high = self.low, self.high
        if self.log:
            low, high, value = (math.log10(max(v, 1e-3)) for v in (low, high, value))
        return 100 * (value - low) / (high - low)

    def inside(self, value: float) -> float:
        """The same with a margin on both sides, for labels."""
        return 7 + 0.88 * self.at(value)

    def ticks(self) -> list[tuple[float, str]]:
        """Round values on the scale, with their labels."""
        if self.log:
            first, last = round(math.log10(self.low)), round(math.log10(self.high))
            return [(10.0**n, f"{10.0**n:,g}") for n in range(first, last + 1)]
        step = 10 ** math.floor(math.log10((self.high - self.low) / 3))
        step *= next(
            m for m in (5, 2.5, 2, 1) if m == 1 or (self.high - self.low) / (step * m) >= 3
        )
        first = math.ceil(self.low / step - 1e-9)
        values = [n * step for n in range(first, math.floor(self.high / step + 1e-9) + 1)]
        digits = max(0, -math.floor(math.log10(step) + 1e-9) + (1 if _quarter(step) else 0))
        return [(v, "0" if abs(v) < step / 2 else signed(f"{v:.{digits}f}")) for v in values]


def interval_bar(scale: Scale, mean: float, low: float, high: float, best: bool = False) -> Markup:
    """One line of a forest plot."""
    grid = "".join(
        _upright(scale.at(v), "100%", "zero" if v == 0 else "grid") for v, _ in scale.ticks()
    )
    kind = "mark best" if best else "mark"
    return _svg(
        ROW,
        f'{grid}<line class="{kind}" x1="{scale.at(low):.2f}%" x2="{scale.at(high):.2f}%" y1="13"'
        f' y2="13"/><circle class="{kind}" cx="{scale.at(mean):.2f}%" cy="13" r="4.5"/>',
    )


def axis(scale: Scale) -> Markup:
    """The numbers under a forest plot."""
    return _svg(18, "".join(_label(scale.at(v), 13, text) for v, text in scale.ticks()))


def shares(parts: Sequence[float]) -> Markup:
    """A bar cut into parts that sum to one."""
    left, out = 0.0, []
    for number, part in enumerate(parts):
        out.append(
            f'<rect class="part{number}" x="{100 * left:.3f}%" width="{100 * part:.3f}%"'
            ' y="5" height="16"/>'
        )
        left += part
    return _svg(ROW, "".join(out))


def scatter(points: Sequence[tuple[str, float, float]], across: Scale, up: Scale) -> Markup:
    """Named points (name, x, y); the first is the best."""
    tall, out = 260, []

    def height(value: float) -> float:
        return tall - 2.2 * up.at(value) - 10

    for value, text in across.ticks():
        out.append(_upright(across.inside(value), f"{tall}", "grid"))
        out.append(_label(across.inside(value), tall + 16, text))
    for value, text in up.ticks():
        y = height(value)
        out.append(f'<line class="grid" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>')
        out.append(f'<text x="0" y="{y - 4:.1f}">{escape(text)}</text>')
    dots = [(across.inside(x), height(y)) for _, x, y in points]
    taken: list[tuple[float, float, float]] = [(x - 1, x + 1, y + 4) for x, y in dots]
    for number, ((name, _, _), (left, top)) in enumerate(zip(points, dots, strict=True)):
        line, right = _free(taken, left, top + 4, LETTER * len(name))
        out.append(
            f'<circle class="mark{"" if number else " best"}" cx="{left:.2f}%" cy="{top:.1f}" r="5"/>'
            f'<text class="name" x="{left:.2f}%" y="{line:.1f}" dx="{9 if right else -9}"'
            f' text-anchor="{"start" if right else "end"}">{escape(name)}</text>'
        )
    return _svg(tall + 22, "".join(out))


def curve(values: Sequence[float], up: Scale) -> Markup:
    """Figures in order, joined by a line, the highest marked and named."""
    tall, best = 120, max(range(len(values)), key=values.__getitem__)
    across = Scale(0, max(len(values) - 1, 1))
    dots = [(across.inside(n), tall - (tall - 24) * up.at(v) / 100) for n, v in enumerate(values)]
    out = [
        f'<line class="mark" x1="{x1:.2f}%" y1="{y1:.1f}" x2="{x2:.2f}%" y2="{y2:.1f}"/>'
        for (x1, y1), (x2, y2) in pairwise(dots)
    ]
    left, top = dots[best]
    out.append(f'<circle class="mark best" cx="{left:.2f}%" cy="{top:.1f}" r="4.5"/>')
    out.append(_label(min(max(left, 14), 82), top - 9, f"{values[best]:.4f} in epoch {best + 1}"))
    out.append(_label(across.inside(0), tall + 16, "1"))
    if len(values) > 1:
        out.append(_label(across.inside(len(values) - 1), tall + 16, str(len(values))))
    return _svg(tall + 22, "".join(out))


def histogram(counts: Sequence[int], labels: Sequence[str]) -> Markup:
    """Upright bars, one a label, with the count on top."""
    tall, wide, most = 96, 100 / max(len(counts), 1), max([*counts, 1])
    out = []
    for number, (count, label) in enumerate(zip(counts, labels, strict=True)):
        high = tall * count / most
        middle = wide * (number + 0.5)
        out.append(
            f'<rect class="bar" x="{wide * number + wide * 0.08:.2f}%" width="{wide * 0.84:.2f}%"'
            f' y="{tall - high + 16:.1f}" height="{high:.1f}"/>'
        )
        out.append(_label(middle, tall - high + 12, _short(count)))
        out.append(_label(middle, tall + 30, label))
    return _svg(tall + 36, "".join(out))


def _free(
    taken: list[tuple[float, float, float]], x: float, y: float, wide: float
) -> tuple[float, bool]:
    """A line and a side of a dot where a label touches nothing drawn so far; it is then taken."""
    for shift in (0, -LINE, LINE, -2 * LINE, 2 * LINE):
        for right in (True, False):
            low, high = (x + 1.2, x + wide + 1.2) if right else (x - wide - 1.2, x - 1.2)
            crossed = any(
                low < b and a < high and abs(y + shift - line) < LINE - 1 for a, b, line in taken
            )
            if not crossed and low > 0 and high < 100:
                taken.append((low, high, y + shift))
                return y + shift, right
    return y, True


def _svg(height: int, body: str) -> Markup:
    return Markup(  # noqa: S704 -- every text in the body went through escape
        f'<svg width="100%" height="{height}" aria-hidden="true" focusable="false">{body}</svg>'
    )


def _upright(x: float, height: str, kind: str) -> str:
    return f'<line class="{kind}" x1="{x:.2f}%" x2="{x:.2f}%" y1="0" y2="{height}"/>'


def _label(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.2f}%" y="{y:.1f}" text-anchor="middle">{escape(text)}</text>'


def _quarter(step: float) -> bool:
    return f"{step:e}".startswith("2.5")


def _short(count: int) -> str:
    return f"{count:,}" if count < 10_000 else f"{count / 1000:,.0f}k"
