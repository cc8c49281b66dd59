"""A service that watches itself: figures, status, and the process that does it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from penchant.core import Event, Impression
from penchant.live.drift import DriftConfig
from penchant.serve import Client
from penchant.serve.edge import Metrics
from penchant.serve.figures import Figures
from penchant.serve.service import Service
from penchant.serve.watch_figures import Watched
from penchant.serve.watching import Watching

NOW = 1_800_000_000.0
SMALL = DriftConfig(users=5, learn=50, reference=100, window=5, days=0, every=0)


@pytest.fixture
def watching(service: Service, tmp_path: Path) -> Watching:
    return Watching(service.log, lambda: service.deployed, SMALL, tmp_path / "drift.json")


def test_a_list_is_asked_for_as_it_was_before_the_event(service: Service, watching: Watching):
    items = service.deployed.engine.catalogue.items
    now = time.time()
    service.log.append([Event("new", items.name(0), now)])
    service.follower.catch_up()
    watched = watching.look()
    assert watched.quality.lists == {"asked": 1}
    assert watched.quality.coverage > 0
    assert watched.quality.empty == 0
    service.log.append([Event("new", items.name(1), now + 1)])
    watching._asked_at = 0.0
    assert watching.look().quality.lists == {"asked": 2}


def test_a_list_that_was_shown_is_judged_itself(service: Service, watching: Watching):
    items, now = service.deployed.engine.catalogue.items, time.time()
    rows = [Impression("r", items.name(n), n, "fake-1", now - 5, "u") for n in range(3)]
    service.log.add_impressions(rows)
    watching.look()
    service.log.append(
        [Event("u", items.name(1), now), Event("u", items.name(2), now, event="buy")]
    )
    service.follower.catch_up()
    watched = watching.look()
    assert watched.quality.hits["shown"] == 1.0
    assert watched.quality.lists["shown"] == 2
    assert {key: (one.clicked, one.converted) for key, one in watched.counts.items()} == {
        ("1", "fake-1"): (0, 0),
        ("2", "fake-1"): (pytest.approx(1, rel=1e-3), 0),
        ("3", "fake-1"): (pytest.approx(1, rel=1e-3), pytest.approx(1, rel=1e-3)),
    }


def test_a_client_cannot_make_figures_of_models_that_there_are_not(
    service: Service, tmp_path: Path
):
    watching = Watching(
        service.log,
        lambda: service.deployed,
        SMALL,
        tmp_path / "drift.json",
        versions=lambda: ["other-1"],
    )
    told = ["fake-1", "other-1", "fake-1+other-1", "fake-1+", *(f"x{n}" for n in range(30))]
    rows = [Impression(f"r-{v}", "i", 0, v, time.time(), "u") for v in told]
    service.log.add_impressions(rows)
    assert {version: count.shown for (_, version), count in watching.look().counts.items()} == {
        "fake-1": 1,
        "other-1": 1,
        "fake-1+other-1": 1,
        "other": 31,
    }


def test_scores_begin_anew_with_another_model(service: Service, tmp_path: Path, monkeypatch):
    def asked(watching: Watching) -> None:
        items = service.deployed.engine.catalogue.items
        service.log.append([Event("u1", items.name(0), time.time())])
        service.follower.catch_up()
        watching._asked_at = 0.0
        watching.look()

    path = tmp_path / "drift.json"
    watching = Watching(service.log, lambda: service.deployed, SMALL, path)
    asked(watching)
    assert watching.drift.lists.model == "fake-1"
    kept = watching.drift.lists._judged
    asked(watching)
    assert watching.drift.lists._judged is kept
    monkeypatch.setattr(type(service.deployed), "version", "other-1")
    asked(watching)
    assert watching.drift.lists.model == "other-1"
    assert watching.drift.lists._judged is not kept


def test_asking_for_lists_takes_a_small_part_of_the_time(service: Service, watching: Watching):
    names = service.deployed.engine.catalogue.items
    events = [Event(f"u{n}", names.name(n % 5), time.time()) for n in range(150)]
    service.log.append(events)
    service.follower.catch_up()
    assert watching.look().quality.lists["asked"] < 20


def test_what_was_before_the_process_is_not_judged_again(service: Service, tmp_path: Path):
    rows = [Impression(f"r{n}", "i", 0, "m", NOW, "u") for n in range(37)]
    service.log.add_impressions(rows)
    service.log.append([Event("u", "i", NOW + 1)])
    watched = Watching(service.log, lambda: service.deployed, SMALL, tmp_path / "d").look()
    assert watched.counts == {}
    assert watched.quality.lists == {}


def test_an_alert_reaches_the_figures_and_the_other_processes(
    service: Service, watching: Watching, tmp_path: Path
):
    def told(count: int, kind: str, start: int) -> list[Event]:
        return [
            Event(f"u{n % 40}", "i", time.time(), f"{kind}{start + n}", kind) for n in range(count)
        ]

    service.log.append(told(400, "view", 0))
    service.log.append(told(300, "click", 400))
    for _ in range(3):
        watched = watching.look()
    assert watched.alerts["kinds"] == 1
    assert watched.psi["kinds"] > 0.25
    other = Watching(
        service.log, lambda: service.deployed, SMALL, tmp_path / "drift.json", first=False
    )
    alerts = other.told()["alerts"]
    assert "kinds" in {alert["signal"] for alert in alerts}
    figures = Figures(Metrics())
    figures.watched.tell("", watched)
    page = figures.metrics.page()[0].decode()
    assert 'penchant_drift_alerts{signal="kinds"} 1.0' in page
    assert 'penchant_drift_alerts{signal="scores"} 0.0' in page
    service.watching = watching
    assert service.status()["drift"]["stage"] == "watching"
    service.watching = None


def test_tenants_are_weighed_by_their_lists():
    from penchant.live.quality import Count, Quality

    figures = Figures(Metrics())
    few = Quality({"shown": 1}, {"shown": 1.0}, {"shown": 1.0}, coverage=0.5)
    many = Quality({"shown": 3}, {"shown": 0.0}, {"shown": 0.0}, coverage=0.1)
    figures.watched.tell("a", Watched({("1", "m"): Count(10, 5)}, few))
    figures.watched.tell("b", Watched({("1", "m"): Count(30, 0)}, many))
    page = figures.metrics.page()[0].decode()
    assert 'penchant_prequential_hit_ratio{list="shown"} 0.25' in page
    assert "penchant_list_coverage_ratio 0.2" in page
    assert 'penchant_click_ratio{position="1",version="m"} 0.125' in page


def test_the_effect_of_an_event_is_timed(service: Service):
    heard: list[float] = []
    service.follower.timed_by(heard.append)
    service.log.append([Event("u", "i", time.time())])
    service.follower.catch_up()
    assert len(heard) == 1
    assert 0 <= heard[0] < 60


@pytest.mark.slow
def test_of_several_processes_one_watches_and_all_tell(
    run: Path, tmp_path: Path, serving: Callable
):
    service = serving("--run", run, "--data", tmp_path / "service", "--workers", 2)
    with Client(service.url) as client:
        client.record_many([Event(f"u{n % 30}", "i1", time.time(), f"e{n}") for n in range(200)])
        told = [client.status()["drift"] for _ in range(10)]
    assert {one["stage"] for one in told} == {"learning"}
