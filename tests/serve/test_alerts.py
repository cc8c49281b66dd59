"""The alert rules that are shipped: each can fire, none does on a quiet day, all name what there is."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

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

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "alerts.yml"
HOURS = "0+0x1500"  # a value that stays, for 25 hours of minutes


def rules() -> dict[str, dict[str, Any]]:
    (group,) = yaml.safe_load(FILE.read_text("utf-8"))["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def shown(tmp_path: Path) -> str:
    """What a service shows that has answered nothing yet."""
    metrics = Metrics()
    Figures(metrics).stands("", Standing("one", 0, {"pending": 0, "ready": 0}, 1.0, 1))
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


def slow(name: str, labels: str) -> dict[str, str]:
    """A histogram of which all falls between a quarter of a second and one."""
    values = {"0.25": "0+0x1500", "1.0": "0+60x1500", "+Inf": "0+60x1500"}
    return {bucket(name, labels, le): value for le, value in values.items()}


REQUESTS = 'penchant_http_requests_total{instance="a",status="%s"}'
PROBLEM = 'penchant_http_problems_total{instance="a",code="%s"}'
DRILLS = {
    "PenchantDown": {'up{job="penchant",instance="a"}': HOURS},
    "PenchantNotReady": {'penchant_ready{instance="a"}': HOURS},
    "PenchantFaults": {REQUESTS % "200": "0+60x1500", REQUESTS % "500": "0+2x1500"},
    "PenchantSlow": slow("http_request_duration_seconds", 'route="/v1/recommend"'),
    "PenchantLogRefuses": {PROBLEM % "log-unavailable": "0x1435 1x100"},
    "PenchantSlowDisk": slow("event_commit_duration_seconds", ""),
    "PenchantBehind": {'penchant_followed_timestamp_seconds{instance="a"}': "0+60x1430 85800x100"},
    "PenchantQueue": {'penchant_questions_waiting{instance="a"}': "101+0x1500"},
    "PenchantOverloaded": {PROBLEM % "overloaded": "0+60x1500"},
    "PenchantItemsWait": {'penchant_items_put{instance="a",state="pending"}': "1001+0x1500"},
    "PenchantDiskFull": {'penchant_disk_free_bytes{instance="a"}': "1e9+0x1500"},
    "PenchantDiskFilling": {'penchant_disk_free_bytes{instance="a"}': "9e11-5e8x1500"},
    "PenchantModelOld": {'penchant_model_added_timestamp_seconds{instance="a"}': "-3e6+0x1500"},
    "PenchantBadKeys": {PROBLEM % "bad-key": "0+120x1500"},
}
"""For each alert the series, a value a minute, that must make it fire a day later."""

QUIET = {
    'up{job="penchant",instance="a"}': "1+0x1500",
    'penchant_ready{instance="a"}': "1+0x1500",
    REQUESTS % "200": "0+6000x1500",
    REQUESTS % "500": "0+1x1500",
    bucket("http_request_duration_seconds", 'route="/v1/recommend"', "0.025"): "0+6000x1500",
    bucket("http_request_duration_seconds", 'route="/v1/recommend"', "+Inf"): "0+6000x1500",
    bucket("event_commit_duration_seconds", "", "0.025"): "0+6000x1500",
    bucket("event_commit_duration_seconds", "", "+Inf"): "0+6000x1500",
    'penchant_followed_timestamp_seconds{instance="a"}': "0+60x1500",
    'penchant_questions_waiting{instance="a"}': "5+0x1500",
    'penchant_items_put{instance="a",state="pending"}': "10+0x1500",
    'penchant_disk_free_bytes{instance="a"}': "9e11-1e6x1500",
    'penchant_model_added_timestamp_seconds{instance="a"}': HOURS,
    **{PROBLEM % code: HOURS for code in ("log-unavailable", "overloaded")},
    PROBLEM % "bad-key": "0+1x1500",
}


def promtool(folder: Path, series: dict[str, str], fires: set[str]) -> None:
    """Let Prometheus evaluate a day; every alert but those must be silent at its end."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool, of Prometheus, is not installed")
    tests = []
    for name in rules():
        # promtool compares labels and annotations too: ALERTS has none of the latter
        state = f'count(ALERTS{{alertname="{name}",alertstate="firing"}}) or vector(0)'
        wanted = [{"labels": "{}", "value": int(name in fires)}]
        tests.append({"expr": state, "eval_time": "24h", "exp_samples": wanted})
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
