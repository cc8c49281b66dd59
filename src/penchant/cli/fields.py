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
        lines += ["", f"  {field.name} = {_default(field)}"]
        lines += textwrap.wrap(
            told.get(field.name, ""), WIDTH, initial_indent="      ", subsequent_indent="      "
        )
    if len(lines) == 1:
        lines += ["", f"  {name} has no settings."]
    return "\n".join(lines)


def _default(field: dataclasses.Field[Any]) -> str:
    value = field.default
    if field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
