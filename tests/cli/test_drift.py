"""``penchant drift``: what has changed, in words, as JSON and as a picture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from penchant.core import Event
from penchant.store.log import open_log

CONFIG = "[serve.drift]\nusers = 5\nlearn = 50\nreference = 150\nwindow = 10\ndays = 0\nevery = 0\n"


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """The folder of a service whose events were views, and are clicks."""
    folder = tmp_path / "service"
    kinds = ["view"] * 800 + ["click"] * 200
    rows = enumerate(kinds)
    with open_log(folder / "log") as log:
        log.append([Event(f"u{n % 40}", f"i{n % 10}", 1e9, f"e{n}", kind) for n, kind in rows])
        log.put_items([{"item_id": f"i{n}", "title": f"Film {n}"} for n in range(10)])
    (tmp_path / "penchant.toml").write_text(CONFIG, "utf-8")
    return folder


def test_it_says_what_changed_since_when_and_what_to_do(service: Path, tmp_path: Path, call):
    said = call("drift", "--data", service, "--config", tmp_path / "penchant.toml")
    assert said.status == 0
    assert "kinds: " in said.out
    assert " before, " in said.out
    assert "Check the feed" in said.out
    assert "words" in said.out
    assert not (service / "drift.json").exists(), "the service's own file"


def test_programs_get_everything_and_people_a_picture(service: Path, tmp_path: Path, call):
    picture = tmp_path / "drift.svg"
    config = tmp_path / "penchant.toml"
    said = call(
        "drift", "--data", service, "--config", config, "--picture", picture, "--json"
    )  # fmt: skip
    told = json.loads(said.out)
    assert told["stage"] == "watching"
    assert "kinds" in {alert["signal"] for alert in told["alerts"]}
    assert told["signals"]["kinds"]["evidence"] > told["signals"]["kinds"]["needed"]
    assert picture.read_text("utf-8").startswith("<?xml")


def test_before_it_knows_what_is_usual_it_says_so(service: Path, tmp_path: Path, call):
    said = call("drift", "--data", service)
    assert said.out.startswith("Too early: ")
    said = call("drift", "--data", service, "--picture", tmp_path / "p.png")
    assert said.status == 2
    assert "nothing to draw yet" in said.err


def test_a_folder_without_a_log_is_named(tmp_path: Path, call):
    said = call("drift", "--data", tmp_path)
    assert said.status == 2
    assert "no event log there" in said.err
