"""The tables of ``penchant.toml`` that a service reads: ``[serve]``, ``[policy]``, ``[learn]``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.core import UsageError
from penchant.models import configure
from penchant.rank import PolicyConfig

from .settings import toml

if TYPE_CHECKING:
    from penchant.live.learning import LearnConfig
    from penchant.serve import ServeConfig


def serve_config(path: Path | None) -> ServeConfig:
    """The settings of a service; the usual ones without a file.

    Raises:
        UsageError: no such file, not TOML, an unknown key, or a value that does not fit.
    """
    from penchant.serve import ServeConfig

    if path is None:
        return ServeConfig()
    _, content = toml(path)
    with _told_of(path):
        config = configure(ServeConfig, _tuples(_table(content, "serve")))
        if "policy" in content:
            config = replace(config, policy=configure(PolicyConfig, _table(content, "policy")))
    return config


def learn_config(path: Path | None) -> LearnConfig:
    """The settings of learning; the usual ones without a file.

    Raises:
        UsageError: no such file, not TOML, an unknown key, or a value that does not fit.
    """
    from penchant.live.learning import LearnConfig
    from penchant.live.trust import TrustConfig

    if path is None:
        return LearnConfig()
    _, content = toml(path)
    with _told_of(path):
        config = configure(LearnConfig, _tuples(_table(content, "learn")))
        if "trust" in content and "trust" not in content.get("learn", {}):
            trust = {"injected": False, **_table(content, "trust")}
            config = replace(config, trust=configure(TrustConfig, trust))
    return config


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """A block whose errors name the file."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def _table(content: dict[str, Any], name: str) -> dict[str, Any]:
    """A table of a file; an empty one where it is missing.

    Raises:
        UsageError: it is something else than a table.
    """
    found = content.get(name, {})
    if not isinstance(found, dict):
        raise UsageError(f"{name!r} is a table: write [{name}] on a line of its own.")
    return found


def _tuples(value: Any) -> Any:
    """Lists as tuples, at any depth."""
    if isinstance(value, dict):
        return {key: _tuples(part) for key, part in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
