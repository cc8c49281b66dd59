"""Configs from plain values: what is accepted, and what each mistake is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pytest

from penchant.core import UsageError, did_you_mean
from penchant.models import AlsConfig, EaseConfig, configure, field_help, settings_of


@dataclass(frozen=True)
class Inner:
    rank: int = 8
    """How many."""


@dataclass(frozen=True)
class Larger(Inner):
    alpha: float = 1.0
    """How strongly."""


@dataclass(frozen=True)
class Outer:
    mode: Literal["full", "sampled"] = "full"
    """Which."""

    tuning: Inner | None = None
    """How, over
    two lines."""

    deep: bool = False
    undocumented: int = field(default=1)


@dataclass(frozen=True)
class Chosen:
    average: Literal["none", "ema"] = "ema"
    """Which."""


def test_a_whole_number_will_do_for_a_real_one():
    assert configure(EaseConfig, {"l2": 5}) == EaseConfig(5.0)


def test_a_config_inside_a_config_comes_from_a_mapping_and_goes_back():
    outer = configure(Outer, {"tuning": {"rank": 2}, "mode": "sampled"})
    assert outer == Outer(mode="sampled", tuning=Inner(2))
    assert configure(Outer, settings_of(outer)) == outer


def test_the_word_none_is_none_where_a_file_cannot_say_it_and_the_word_where_that_is_a_choice():
    assert configure(Outer, {"tuning": "none"}).tuning is None
    assert configure(Chosen, {"average": None}).average == "none"
    assert configure(Chosen, {"average": "none"}).average == "none"


@pytest.mark.parametrize(
    ("config", "settings", "message"),
    [
        (
            EaseConfig,
            {"l_2": 1},
            r"EaseConfig has no setting 'l_2'; did you mean 'l2'\? Settings: l2",
        ),
        (EaseConfig, {"l2": "much"}, r"EaseConfig.l2 must be a number, got 'much'"),
        (EaseConfig, {"l2": True}, r"EaseConfig.l2 must be a number, got True"),
        (EaseConfig, {"l2": 0}, r"EaseConfig.l2 must be more than 0, got 0"),
        (EaseConfig, {"l2": float("nan")}, r"got nan"),
        (AlsConfig, {"factors": 1.5}, r"AlsConfig.factors must be a whole number, got 1.5"),
        (
            AlsConfig,
            {"factors": 0},
            r"AlsConfig.factors must be at least 1 and at most 4096, got 0",
        ),
        (Outer, {"mode": "half"}, r"Outer.mode must be 'full' or 'sampled', got 'half'"),
        (Outer, {"mode": ["full"]}, r"Outer.mode must be 'full' or 'sampled', got \['full'\]"),
        (Outer, {"deep": 1}, r"Outer.deep must be true or false, got 1"),
        (Outer, {"tuning": {"rnak": 1}}, r"Inner has no setting 'rnak'; did you mean 'rank'"),
        (Outer, {"tuning": 3}, r"Outer.tuning must be Inner or None, got 3"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value_and_the_remedy(config, settings, message):
    with pytest.raises(UsageError, match=message):
        configure(config, settings)


def test_the_text_under_a_field_is_its_help():
    assert field_help(Outer) == {"mode": "Which.", "tuning": "How, over two lines."}


def test_a_config_that_extends_another_has_the_help_of_both():
    assert list(field_help(Larger)) == ["rank", "alpha"]


def test_far_words_are_not_suggested():
    assert did_you_mean("penguin", ["ease", "als"]) == "."
