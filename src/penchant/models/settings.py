"""Configs: from a mapping and back, checked, with the text under each field as its help."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
from collections.abc import Mapping
from itertools import pairwise
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from penchant.core import UsageError, did_you_mean

C = TypeVar("C")

WAY = "way"
"""In a mapping for a field that may hold one of several configs: the name of the one it holds."""

NONE = "none"
"""The word for None, which TOML cannot write; the command line reads it as None."""


def configure(config: type[C], settings: Mapping[str, Any]) -> C:
    """Build a config from plain values, as they come from a file, a bundle or the command line.

    Args:
        config: a frozen dataclass; a field may hold another one, given as a mapping. Where it may
            hold one of several, the mapping says by the key ``way`` which, or the name stands alone.
        settings: value by field; fields left out keep their defaults. ``"tuning.rank"`` is the key
            ``rank`` of the mapping for ``tuning``.

    Raises:
        UsageError: an unknown key (with the near name), a value of the wrong type or out of range.

    >>> from penchant.models import EaseConfig
    >>> configure(EaseConfig, {"l2": 100})
    EaseConfig(l2=100.0)
    >>> from penchant.models import TextSequenceConfig
    >>> configure(TextSequenceConfig, {"tuning": "lora", "tuning.rank": 4}).tuning.rank
    4
    """
    settings = _nested(settings)
    hints = get_type_hints(config)
    names = [field.name for field in dataclasses.fields(config)]  # type: ignore[arg-type]  # a C is a dataclass
    for key in settings:
        if key not in names:
            raise UsageError(
                f"{config.__name__} has no setting {key!r}{did_you_mean(key, names)} "
                f"Settings: {', '.join(names) or 'none'}."
            )
    values = {
        key: _value(f"{config.__name__}.{key}", hints[key], value)
        for key, value in settings.items()
    }
    return config(**values)


def settings_of(config: Any) -> dict[str, Any]:
    """The settings of a config as plain values: what a bundle's manifest holds.

    >>> from penchant.models import EaseConfig
    >>> settings_of(EaseConfig(l2=50.0))
    {'l2': 50.0}
    """
    return {field.name: _plain(getattr(config, field.name)) for field in dataclasses.fields(config)}


def field_help(config: type[Any]) -> dict[str, str]:
    """The text written under each field of a config class, on one line each.

    >>> from penchant.models import RecentPopularityConfig
    >>> field_help(RecentPopularityConfig)["half_life_days"]
    'Days after which an event counts half, where events have times.'
    """
    found: dict[str, str] = {}
    for part in reversed(config.__mro__):  # a config may extend another
        if dataclasses.is_dataclass(part):
            found |= _own_help(part)
    return found


def within(config: object, field: str, low: float, high: float, *, open_low: bool = False) -> None:
    """Check that a number of a config lies between two bounds.

    Raises:
        UsageError: it does not; the message names the setting and the value.
    """
    value = getattr(config, field)
    fits = (low < value if open_low else low <= value) and value <= high
    if not fits:  # NaN ends here too
        least = f"more than {low:g}" if open_low else f"at least {low:g}"
        most = "" if high == float("inf") else f" and at most {high:g}"
        raise UsageError(f"{type(config).__name__}.{field} must be {least}{most}, got {value!r}.")


def _own_help(config: type[Any]) -> dict[str, str]:
    body = ast.parse(textwrap.dedent(inspect.getsource(config))).body[0]
    statements = body.body if isinstance(body, ast.ClassDef) else []
    return {
        field.target.id: " ".join(text.value.value.split())
        for field, text in pairwise(statements)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def _nested(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Keys with a dot gathered into the mapping that they are of."""
    whole = {key: value for key, value in settings.items() if "." not in key}
    for key, value in settings.items():
        if "." not in key:
            continue
        first, _, rest = key.partition(".")
        inner = whole.get(first, {})
        if isinstance(inner, str):
            inner = {WAY: inner}
        if not isinstance(inner, Mapping):
            raise UsageError(f"{key} = {value!r}: {first} = {inner!r} has no settings of its own.")
        whole[first] = {**inner, rest: value}
    return whole


def _plain(value: Any) -> Any:
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    name = getattr(value, "name", None)
    return ({WAY: name} if name else {}) | settings_of(value)


def _one_of(place: str, ways: Mapping[str, Any], value: Any) -> Any:
    """The config of the way that a name, or a mapping with the key ``way``, asks for."""
    settings = {WAY: value} if isinstance(value, str) else dict(value)
    name = settings.pop(WAY, None)
    if name not in ways:
        guess = did_you_mean(name, ways) if name else "."
        told = f"got {name!r}" if name else f"{WAY} is missing in {value!r}"
        raise UsageError(f"{place} must be one of {', '.join(ways)}: {told}{guess}")
    return configure(ways[name], settings)


def _value(place: str, hint: Any, value: Any) -> Any:
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if NoneType in kinds and value == NONE and str not in kinds:
        return None
    word = NONE if value is None else value
    ways = {kind.name: kind for kind in kinds if hasattr(kind, "name")}
    if ways and isinstance(value, str | Mapping):
        return _one_of(place, ways, value)
    for kind in kinds:
        if get_origin(kind) is Literal and word in get_args(kind):
            return word
        if dataclasses.is_dataclass(kind) and isinstance(value, Mapping):
            return configure(kind, value)  # type: ignore[arg-type]  # narrowed to a dataclass above
        if _is_a(value, kind):
            return float(value) if kind is float else value
    raise UsageError(f"{place} must be {' or '.join(map(_named, kinds))}, got {value!r}.")


def _is_a(value: Any, kind: Any) -> bool:
    if isinstance(value, bool):  # a bool is an int for Python, hardly ever for a user
        return kind in (bool, Any)
    if kind is float:
        return isinstance(value, int | float)
    plain = get_origin(kind) or kind
    if plain is Any:
        return True
    return isinstance(plain, type) and isinstance(value, plain)


def _named(kind: Any) -> str:
    if kind is NoneType:
        return "None"
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, get_args(kind)))
    return {int: "a whole number", float: "a number", str: "text", bool: "true or false"}.get(
        kind, getattr(kind, "__name__", str(kind))
    )
