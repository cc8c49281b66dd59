"""The dashboard that is shipped: its queries are valid and name what a service shows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from penchant.live.quality import Count, Quality
from penchant.serve.edge import (
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

FILE = Path(__file__).parents[2] / "deploy" / "grafana" / "penchant.json"


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return found


def queries() -> list[str]:
    found = dashboard()
    panels = [target["expr"] for panel in found["panels"] for target in panel["targets"]]
    return panels + [one["expr"] for one in found["annotations"]["list"]]


def shown(folder: Path) -> Iterator[tuple[str, str]]:
    """Names and label names of the series of a service."""
    metrics = Metrics()
    figures = Figures(metrics)
    figures.stands("", Standing("one", 0, {"pending": 0, "ready": 0}, 1.0, 1))
    quality = Quality({"shown": 1}, {"shown": 1.0}, {"shown": 1.0})
    figures.watched.tell(
        "", Watched({("1", "one"): Count(1)}, quality, {"kinds": 1}, {"kinds": 0.3})
    )
    figures.told(["stored"], 0.1)
    guarded(
        lambda *_: None,
        EdgeConfig(),
        Edge(Keyring(KeyFile(folder)), None, Rules(), metrics, Readiness()),
    )
    page = metrics.page()[0].decode()
    for name, kind in re.findall(r"# TYPE (penchant_\w+) (\w+)", page):
        yield from (
            (name + end, "")
            for end in (["_bucket", "_sum", "_count"] if kind == "histogram" else [""])
        )
    for name, labels in re.findall(r"^(penchant_\w+)\{([^}]*)\}", page, re.MULTILINE):
        yield from ((name, label) for label in re.findall(r'(\w+)="', labels))


def test_its_queries_name_only_what_a_service_shows(tmp_path: Path):
    names = {name for name, _ in shown(tmp_path)}
    for query in queries():
        named = set(re.findall(r"penchant_\w+", query))
        assert named, query
        assert named <= names, query


def test_what_they_group_by_is_a_label_of_it(tmp_path: Path):
    labels = {label for _, label in shown(tmp_path)} | {"instance"}
    for query in queries():
        for group in re.findall(r"by \(([^)]*)\)", query):
            told = {one.strip() for one in group.split(",")}
            assert told <= labels | {"status", "le"}, query


def test_prometheus_can_read_them(tmp_path: Path):
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool, of Prometheus, is not installed")
    rules = [
        {"record": f"q{n}", "expr": one.replace("$instance", "a")}
        for n, one in enumerate(queries())
    ]
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": rules}]}), "utf-8")
    done = subprocess.run(
        [program, "check", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_panels_do_not_cover_each_other():
    places = [(one["gridPos"]["x"], one["gridPos"]["y"]) for one in dashboard()["panels"]]
    assert len(set(places)) == len(places)
    assert len({one["id"] for one in dashboard()["panels"]}) == len(places)
