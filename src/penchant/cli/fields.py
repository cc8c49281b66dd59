"""The settings of a model as a page: what ``penchant fit --model NAME --settings`` prints."""

from __future__ import annotations

import dataclasses
import textwrap
from typing import Any

WIDTH = 80


def settings_page(name: str) -> str:
    """Every setting of a model with its default and what it does.

    >>> print(settings_page("popularity"))
    popularity: set with --set key=value, or below [model] in penchant.toml
    <BLANKLINE>
      popularity has no settings.

    Raises:
        UsageError: no model has that name.
    """
    from penchant.models import by_name, field_help

    config = by_name(name).Config
    told = field_help(config)
    lines = [f"{name}: set with --set key=value, or below [model] in penchant.toml"]
    for field in dataclasses.fields(config):
        lines += _setting(field.name, _default(field), told.get(field.name, ""))
        part = _value(field)
        if dataclasses.is_dataclass(part):
            inner = field_help(type(part))
            for one in dataclasses.fields(part):
                value = _shown(getattr(part, one.name))
                lines += _setting(f"{field.name}.{one.name}", value, inner.get(one.name, ""))
    if len(lines) == 1:
        lines += ["", f"  {name} has no settings."]
    return "\n".join(lines)


def _setting(name: str, value: str, told: str) -> list[str]:
    text = textwrap.wrap(told, WIDTH, initial_indent="      ", subsequent_indent="      ")
    return ["", f"  {name} = {value}", *text]


def _value(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _default(field: dataclasses.Field[Any]) -> str:
    value = _value(field)
    if dataclasses.is_dataclass(value):  # its fields follow, with a dot
        return f'"{value.name}"' if hasattr(value, "name") else "..."
    return _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
