"""The table [policy]: what is accepted, and what each mistake is told."""

from __future__ import annotations

import dataclasses
import json
import tomllib

import pytest

from penchant.core import UsageError
from penchant.models import configure, field_help
from penchant.rank import DPP, MMR, Calibration, Cap, Exclude, Freshness, Pin, PolicyConfig

WHOLE = """
seen_others = "allow"
fallback = ["newest"]
separators = {genres = "|"}

[seen]
purchase = "never"
click = 7
view = "allow"

[diversity]
way = "dpp"
weight = 0.2

[calibration]
column = "genres"

[freshness]
half_life_days = 14

[[rules]]
do = "exclude"
when = {category = "Adult", made = {max = 1999-12-31}}
why = "not for everybody"

[[rules]]
do = "pin"
when = {item_id = "i7"}

[[rules]]
do = "cap"
column = "seller"
most = 2
per = 10
"""


def test_the_table_as_toml_has_it():
    config = configure(PolicyConfig, tomllib.loads(WHOLE))
    assert config.diversity == DPP(weight=0.2)
    assert config.calibration == Calibration("genres")
    assert config.freshness == Freshness(14.0)
    assert [type(rule) for rule in config.rules] == [Exclude, Pin, Cap]
    assert config.rules[1].place == 1


def test_the_settings_survive_json():
    config = configure(PolicyConfig, tomllib.loads(WHOLE))
    again = configure(PolicyConfig, json.loads(json.dumps(config.table())))
    assert again.table() == config.table()
    assert again.rules[1:] == config.rules[1:]
    assert PolicyConfig().table() == {}
    assert configure(PolicyConfig, {"diversity": "mmr"}).table()["diversity"]["way"] == "mmr"


def test_a_way_of_diversity_is_named():
    assert configure(PolicyConfig, {"diversity": "mmr"}).diversity == MMR()
    assert configure(PolicyConfig, {"diversity": {"way": "mmr", "weight": 1}}).diversity.weight == 1


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"sean": {}}, "no setting 'sean'; did you mean 'seen'?"),
        ({"seen": {"click": "7 days"}}, "seen.click = '7 days': write \"never\""),
        ({"seen": {"click": 0}}, "seen.click = 0"),
        ({"seen": {"click": True}}, "seen.click = True"),
        ({"seen_others": "hide"}, "seen_others = 'hide'"),
        ({"fallback": ["popular", "newst"]}, "write some of popular, newest, any"),
        ({"fallback": ["any", "any"]}, "each once"),
        ({"candidates": 0}, "candidates must be at least 1"),
        ({"separators": {"genres": ""}}, "separators.genres = ''"),
        ({"diversity": {"way": "mrr"}}, "did you mean 'mmr'?"),
        ({"diversity": {"way": "mmr", "weight": 2}}, "MMR.weight must be from 0 to 1"),
        ({"calibration": {"column": "a", "weight": -1}}, "Calibration.weight"),
        ({"calibration": {"column": "a", "smoothing": 0}}, "Calibration.smoothing"),
        ({"freshness": {"half_life_days": 0}}, "half_life_days must be more than 0"),
        ({"freshness": {"least": 0}}, "least must be more than 0"),
        ({"freshness": {"halflife": 3}}, "did you mean 'half_life_days'?"),
        ({"rules": {"do": "cap"}}, "write [[policy.rules]] above each"),
        ({"rules": ["cap"]}, 'rule 1: write a table such as {do = "exclude"'),
        ({"rules": [{"do": "excludes", "when": {"a": 1}}]}, "did you mean 'exclude'? Known:"),
        ({"rules": [{"when": {"a": 1}}]}, "rule 1: do = None. Known: include"),
        ({"rules": [{"do": "pin", "wen": {"a": 1}}]}, "no key 'wen'; did you mean 'when'?"),
        ({"rules": [{"do": "pin"}]}, "rule 1 (pin): pin needs when"),
        ({"rules": [{"do": "pin", "when": {"a": 1}, "place": 0}]}, "place must be at least 1"),
        ({"rules": [{"do": "boost", "when": {"a": 1}, "by": 0.5}]}, "by must be a number above 1"),
        ({"rules": [{"do": "boost", "when": {"a": 1}, "by": "2"}]}, "by = '2': write a number"),
        ({"rules": [{"do": "cap", "column": "a", "most": 0}]}, "To list none, exclude"),
        ({"rules": [{"do": "cap", "column": "a", "most": 1.5}]}, "write a whole number of items"),
        ({"rules": [{"do": "cap", "column": "a", "most": 1, "per": 0}]}, "at least 1 place"),
    ],
)
def test_a_mistake_is_told(settings, says):
    with pytest.raises(UsageError) as told:
        configure(PolicyConfig, settings)
    assert says in str(told.value)


def test_every_wrong_rule_is_told_at_once():
    rules = [{"do": "cap", "column": "a"}, {"do": "boost", "when": {"a": 1}}, {"do": "hide"}]
    with pytest.raises(UsageError) as told:
        configure(PolicyConfig, {"rules": rules})
    assert [line.split(":")[0] for line in str(told.value).splitlines()] == [
        "rule 1 (cap)",
        "rule 3",
    ]


def test_every_setting_has_its_help():
    for config in (PolicyConfig, MMR, DPP, Calibration, Freshness, Cap, Pin, Exclude):
        assert set(field_help(config)) == {field.name for field in dataclasses.fields(config)}
