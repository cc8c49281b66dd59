"""The alert rules that are shipped: each can fire, none does on a quiet day, all name what there is."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from penchant.live.quality import Count, Quality
from penchant.serve.edge import (
    RULES,
    TITLES,
    Edge,
    EdgeConfig,
    KeyFile,
    Keyring,
    Metrics,
    Readiness,
    Rules,
    guarded,
)
from penchant.serve.figures import Figures, Standing
from penchant.serve.watch_figures import Watched

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "alerts.yml"
HOURS = "0+0x1700"  # a value that stays, for 28 hours of minutes
WATCHED = Watched(
    {("1", "one"): Count(10, 2, 1)},
    Quality({"shown": 5, "asked": 5}, {"shown": 0.2}, {"shown": 0.1}),
    {"kinds": 1},
    {"kinds": 0.3},
)


def rules() -> dict[str, dict[str, Any]]:
    groups = yaml.safe_load(FILE.read_text("utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def shown(tmp_path: Path) -> str:
    """What a service shows that has answered nothing yet."""
    metrics = Metrics()
    figures = Figures(metrics)
    figures.stands("", Standing("one", 0, {"pending": 0, "ready": 0}, 1.0, 1))
    figures.watched.tell("", WATCHED)
    edge = Edge(Keyring(KeyFile(tmp_path)), None, Rules(), metrics, Readiness())
    guarded(lambda *_: None, EdgeConfig(), edge)
    return metrics.page()[0].decode()


def test_every_figure_of_a_rule_is_one_of_the_service(tmp_path: Path):
    page = shown(tmp_path)
    there = set(re.findall(r"# TYPE (penchant_\w+)", page))
    there |= {f"{name}_bucket" for name in there}
    named = {
        name for rule in rules().values() for name in re.findall(r"penchant_\w+", rule["expr"])
    }
    assert len(named) >= 8
    assert named <= there


def test_every_code_of_a_rule_is_shown_from_the_start(tmp_path: Path):
    page = shown(tmp_path)
    codes = set(re.findall(r'code="([\w-]+)"', FILE.read_text("utf-8")))
    assert codes - set(TITLES) == {"log-unavailable"}, "of the routes"
    assert [c for c in codes if f'problems_total{{code="{c}"}} 0.0' not in page] == []
    routes = set(re.findall(r'route="([^"]+)"', FILE.read_text("utf-8")))
    assert routes <= {rule.path for rule in RULES}


def test_the_guide_says_what_to_do():
    text = (ROOT / "docs" / "guide" / "operations.md").read_text("utf-8")
    assert [name for name in rules() if f"`{name}`" not in text] == []


def bucket(name: str, labels: str, le: str) -> str:
    inner = f"{labels}{',' if labels else ''}" + 'le="' + le + '"'
    return f'penchant_{name}_bucket{{instance="a",{inner}}}'


def slow(name: str, labels: str, low: str = "0.25", high: str = "1.0") -> dict[str, str]:
    """A histogram of which all falls between two bounds, in seconds."""
    values = {low: "0+0x1700", high: "0+60x1700", "+Inf": "0+60x1700"}
    return {bucket(name, labels, le): value for le, value in values.items()}


REQUESTS = 'penchant_http_requests_total{instance="a",status="%s"}'
EVENTS = 'penchant_events_total{instance="a",status="stored"}'
PROBLEM = 'penchant_http_problems_total{instance="a",code="%s"}'
DRILLS = {
    "PenchantDown": {'up{job="penchant",instance="a"}': HOURS},
    "PenchantNotReady": {'penchant_ready{instance="a"}': HOURS},
    "PenchantFaults": {REQUESTS % "200": "0+60x1700", REQUESTS % "500": "0+2x1700"},
    "PenchantSlow": slow("http_request_duration_seconds", 'route="/v1/recommend"'),
    "PenchantLogRefuses": {PROBLEM % "log-unavailable": "0x1555 1x200"},
    "PenchantSlowDisk": slow("event_commit_duration_seconds", ""),
    "PenchantBehind": {'penchant_followed_timestamp_seconds{instance="a"}': "0+60x1550 93000x200"},
    "PenchantQueue": {'penchant_questions_waiting{instance="a"}': "101+0x1700"},
    "PenchantOverloaded": {PROBLEM % "overloaded": "0+60x1700"},
    "PenchantItemsWait": {'penchant_items_put{instance="a",state="pending"}': "1001+0x1700"},
    "PenchantDiskFull": {'penchant_disk_free_bytes{instance="a"}': "1e9+0x1700"},
    "PenchantDiskFilling": {'penchant_disk_free_bytes{instance="a"}': "9e11-5e8x1700"},
    "PenchantModelOld": {'penchant_model_added_timestamp_seconds{instance="a"}': "-3e6+0x1700"},
    "PenchantBadKeys": {PROBLEM % "bad-key": "0+120x1700"},
}
"""For each alert the series, a value a minute, that must make it fire after 26 hours: some compare with a day ago."""


def falls(name: str, labels: str, much: str, little: str) -> dict[str, str]:
    """A figure that is one thing for 22 hours, and another one then."""
    series = f'penchant_{name}{{instance="a"{labels}}}'
    return {series: f"{much}x1320 {little}x1700"}


PLACE = ',position="1",version="one"'
DRILLS |= {
    "PenchantDrift": {'penchant_drift_alerts{instance="a",signal="kinds"}': "0x1400 1x1700"},
    "PenchantNoEvents": {EVENTS: "0+60x1300 78000x1700"},
    "PenchantClicksFall": falls("click_ratio", PLACE, "0.1", "0.05"),
    "PenchantConversionsFall": falls("conversion_ratio", PLACE, "0.01", "0.002"),
    "PenchantHitsFall": falls("prequential_hit_ratio", ',list="shown"', "0.2", "0.1"),
    "PenchantGainFalls": falls("prequential_ndcg", ',list="asked"', "0.1", "0.05"),
    "PenchantListsEmpty": {'penchant_list_empty_ratio{instance="a"}': "0.1x1700"},
    "PenchantListsNarrow": falls("list_coverage_ratio", "", "0.3", "0.1"),
    "PenchantListsCommonplace": falls("list_novelty_bits", "", "11", "8"),
    "PenchantListsCold": {'penchant_list_cold_ratio{instance="a"}': "0.6x1700"},
    "PenchantListsRepeat": {'penchant_list_repeat_ratio{instance="a"}': "0.99x1700"},
    "PenchantEffectLate": slow("event_effect_seconds", "", "2.5", "10.0"),
}

QUIET = {
    'up{job="penchant",instance="a"}': "1+0x1700",
    'penchant_ready{instance="a"}': "1+0x1700",
    REQUESTS % "200": "0+6000x1700",
    REQUESTS % "500": "0+1x1700",
    bucket("http_request_duration_seconds", 'route="/v1/recommend"', "0.025"): "0+6000x1700",
    bucket("http_request_duration_seconds", 'route="/v1/recommend"', "+Inf"): "0+6000x1700",
    bucket("event_commit_duration_seconds", "", "0.025"): "0+6000x1700",
    bucket("event_commit_duration_seconds", "", "+Inf"): "0+6000x1700",
    'penchant_followed_timestamp_seconds{instance="a"}': "0+60x1700",
    'penchant_questions_waiting{instance="a"}': "5+0x1700",
    'penchant_items_put{instance="a",state="pending"}': "10+0x1700",
    'penchant_disk_free_bytes{instance="a"}': "9e11-1e6x1700",
    'penchant_model_added_timestamp_seconds{instance="a"}': HOURS,
    **{PROBLEM % code: HOURS for code in ("log-unavailable", "overloaded")},
    PROBLEM % "bad-key": "0+1x1700",
    EVENTS: "0+60x1700",
    'penchant_drift_alerts{instance="a",signal="kinds"}': HOURS,
    'penchant_click_ratio{instance="a",position="1",version="one"}': "0.1x1700",
    'penchant_conversion_ratio{instance="a",position="1",version="one"}': "0.01x1700",
    'penchant_judged_impressions{instance="a",position="1",version="one"}': "20000x1700",
    'penchant_prequential_hit_ratio{instance="a",list="shown"}': "0.2x1700",
    'penchant_prequential_ndcg{instance="a",list="asked"}': "0.1x1700",
    'penchant_prequential_lists{instance="a",list="shown"}': "500x1700",
    'penchant_prequential_lists{instance="a",list="asked"}': "500x1700",
    'penchant_list_coverage_ratio{instance="a"}': "0.3x1700",
    'penchant_list_novelty_bits{instance="a"}': "11x1700",
    'penchant_list_cold_ratio{instance="a"}': "0.1x1700",
    'penchant_list_repeat_ratio{instance="a"}': "0.4x1700",
    'penchant_list_empty_ratio{instance="a"}': HOURS,
    bucket("event_effect_seconds", "", "0.1"): "0+60x1700",
    bucket("event_effect_seconds", "", "+Inf"): "0+60x1700",
}


def promtool(folder: Path, series: dict[str, str], fires: set[str]) -> None:
    """Let Prometheus evaluate 26 hours; every alert but those must be silent at its end."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool, of Prometheus, is not installed")
    tests = []
    for name in rules():
        # promtool compares labels and annotations too: ALERTS has none of the latter
        state = f'count(ALERTS{{alertname="{name}",alertstate="firing"}}) or vector(0)'
        wanted = [{"labels": "{}", "value": int(name in fires)}]
        tests.append({"expr": state, "eval_time": "26h", "exp_samples": wanted})
    case = {
        "interval": "1m",
        "input_series": [{"series": name, "values": value} for name, value in series.items()],
        "promql_expr_test": tests,
    }
    document = {"rule_files": [str(FILE)], "evaluation_interval": "1m", "tests": [case]}
    path = folder / "test.yml"
    path.write_text(yaml.safe_dump(document), "utf-8")
    done = subprocess.run(
        [program, "test", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_are_valid():
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool, of Prometheus, is not installed")
    done = subprocess.run(
        [program, "check", "rules", str(FILE)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_on_a_quiet_day_none_fires(tmp_path: Path):
    promtool(tmp_path, QUIET, set())


@pytest.mark.slow
@pytest.mark.parametrize("alert", DRILLS)
def test_each_fires_in_its_drill_alone(tmp_path: Path, alert: str):
    kept = {
        name: value
        for name, value in QUIET.items()
        if not any(name.partition("{")[0] == drill.partition("{")[0] for drill in DRILLS[alert])
    }
    promtool(tmp_path, {**kept, **DRILLS[alert]}, {alert})


def test_every_alert_has_a_drill():
    assert set(DRILLS) == set(rules())
