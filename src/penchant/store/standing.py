"""What a registry says at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Self

from penchant.core import UsageError

REMEMBERED = 1000
"""Lines of the history that are kept."""

MEASURED = 50
"""Newest lines of it that keep their figures: a verdict is a kilobyte and more."""


@dataclass(frozen=True, slots=True)
class Version:
    """One model of a registry.

    Attributes:
        name: model and content, such as ``"sasrec-3f2a9c01d4ab"``: the same bundle has one name.
        model: name of the model.
        added: when, ISO 8601, UTC.
        source: the run it was copied from.
        about: what the bundle's manifest says of its data, such as the number of items.
    """

    name: str
    model: str
    added: str
    source: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a registry says at one moment.

    Attributes:
        versions: by name, in the order in which they were added.
        current: the one that answers, or None before the first.
        previous: the one that ``roll_back`` goes back to, or None.
        history: what was done, oldest first: ``{"at", "did", "version"}``, ``why`` where that was
            told, and ``figures`` where something was measured, of the newest ``MEASURED`` lines.
    """

    versions: Mapping[str, Version] = field(default_factory=dict)
    current: str | None = None
    previous: str | None = None
    history: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """From JSON values.

        Raises:
            KeyError, TypeError, AttributeError: they are not those of a standing.
        """
        versions = {name: Version(**version) for name, version in found["versions"].items()}
        return cls(versions, found["current"], found["previous"], tuple(found["history"]))

    def and_did(
        self, what: str, name: str, why: str = "", figures: Mapping[str, Any] | None = None
    ) -> Self:
        """With one more line of history."""
        line: dict[str, Any] = {"at": now(), "did": what, "version": name}
        line |= ({"why": why} if why else {}) | ({"figures": dict(figures)} if figures else {})
        lines = [*self.history, line][-REMEMBERED:]
        older = [{k: v for k, v in one.items() if k != "figures"} for one in lines[:-MEASURED]]
        return replace(self, history=(*older, *lines[-MEASURED:]))

    def check(self, name: str) -> None:
        """Refuse a version that is not there.

        Raises:
            UsageError: it is not.
        """
        if name not in self.versions:
            known = ", ".join(self.versions) or "none"
            raise UsageError(f"There is no model {name!r}. Registered: {known}.")


def now() -> str:
    """This moment, ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
