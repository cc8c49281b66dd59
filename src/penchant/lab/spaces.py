"""The values worth trying, checked against a config, and configs with one value changed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from penchant.core import Choice, Real, Space, UsageError, Whole, did_you_mean
from penchant.models import configure, settings_of

log = logging.getLogger(__name__)


def checked_space(space: Space, config: Any) -> Space:
    """The space, once every field of it is one of the config and can be drawn.

    Raises:
        UsageError: a field that the config does not have, of which no value can be had, or the only
            one and no drawn config would have it (beside others that is said, and passed over).
    """
    names = [field.name for field in fields(config)]
    for field, values in space.items():
        head, _, rest = field.partition(".")
        if head not in names:
            guess = did_you_mean(head, names)
            raise UsageError(
                f"{type(config).__name__} has no setting {head!r} to search{guess} "
                f"Settings: {', '.join(names)}."
            )
        heads = [config, *(with_value(config, head, value) for value in _some(space.get(head)))]
        if rest and not any(has(chosen, field) for chosen in heads):
            told = (
                f"{field} would never be searched: {head} = {getattr(config, head)!r} has no setting "
                f"{rest!r}. Set {head} to what has one, or search {head} too."
            )
            if len(space) == 1:  # every trial would be the same
                raise UsageError(told)
            log.warning(told)
        refused = [] if rest else [v for v in _some(values) if with_value(config, field, v) is None]
        # some numbers may not go with the others; a wrong word, or nothing that fits, is a mistake
        if words := [
            v for v in refused if isinstance(v, str) or len(refused) == len(_some(values))
        ]:
            configure(type(config), {**settings_of(config), field: words[0]})
    return space


def _some(values: Real | Whole | Choice | None) -> Sequence[Any]:
    """The values of a choice, the ends of a range, whole numbers from its lower end."""
    match values:
        case Choice():
            return values.values
        case Real():
            return (values.low, values.high)
        case Whole():
            return range(values.low, min(values.high, values.low + 20) + 1)
    return ()


def holds(values: Real | Whole | Choice, given: Any) -> bool:
    """Whether a value is one of those worth trying."""
    if isinstance(values, Choice):
        return given in values.values
    return isinstance(given, int | float) and values.low <= given <= values.high


def has(config: Any, field: str) -> bool:
    """Whether a config has a field; a dot leads into a nested one."""
    head, _, rest = field.partition(".")
    if not is_dataclass(config) or head not in {f.name for f in fields(config)}:
        return False
    return not rest or has(getattr(config, head), rest)


def at(config: Any, field: str) -> Any:
    """The value of a field, None where there is no such field."""
    for name in field.split("."):
        config = getattr(config, name, None)
    return config


def with_value(config: Any, field: str, value: Any) -> Any:
    """The config with another value of a field; None where that does not go with the rest."""
    head, _, rest = field.partition(".")
    try:
        if rest:
            return replace(config, **{head: with_value(getattr(config, head), rest, value)})
        # through configure: a name such as "lora" becomes the config of that way
        return configure(type(config), {**settings_of(config), head: value})
    except UsageError:  # such as heads that do not divide dim: a corner of the space, no mistake
        return None
