"""The arms of an experiment, as they are written on a command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from penchant.core import UsageError

if TYPE_CHECKING:
    from penchant.live.experiments import Arm
    from penchant.store import Standing


def arms_of(
    told: Sequence[str], standing: Standing, shares: str | None, traffic: float
) -> tuple[Arm, ...]:
    """The arms of a command line.

    Args:
        told: such as ``new=sasrec-3f2a``.
        standing: of the registry, which has the models.
        shares: such as ``9:1``; all the same by default.
        traffic: share of all users that they sum to.

    Raises:
        UsageError: one that cannot be read, or names no model.
    """
    from penchant.live.experiments import Arm

    parts = [1.0] * len(told) if shares is None else _parts(shares)
    if len(parts) != len(told):
        raise UsageError(f"--shares {shares}: {len(parts)} shares for {len(told)} arms.")
    arms = []
    for text, part in zip(told, parts, strict=True):
        name, equals, model = text.partition("=")
        if not equals:
            raise UsageError(f"--arm {text}: write NAME=MODEL, such as new=sasrec-3f2a9c01d4ab.")
        arms.append(Arm(name, _version(model, standing), traffic * part / sum(parts)))
    return tuple(arms)


def _version(told: str, standing: Standing) -> str:
    """The model of a registry that is meant.

    Raises:
        UsageError: there is none, or more than one begins so.
    """
    if told == "current" and standing.current is not None:
        return standing.current
    found = [name for name in standing.versions if name.startswith(told)] if told else []
    if told in found:
        return told
    if len(found) != 1:
        known = ", ".join(standing.versions) or "none"
        what = f"begins {len(found)} models" if found else "is no model"
        raise UsageError(f"{told!r} {what}. Registered: {known}.")
    return found[0]


def _parts(text: str) -> list[float]:
    """Shares such as ``9:1``."""
    try:
        parts = [float(part) for part in text.split(":")]
    except ValueError:
        parts = []
    if not parts or min(parts) <= 0:
        raise UsageError(f"--shares {text}: write numbers above 0, as 9:1.")
    return parts
