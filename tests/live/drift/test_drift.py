"""A log that is watched: what is found, what is not, and how it goes on after a kill."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penchant.core import Event, UsageError
from penchant.live.drift import Alert, Drift, DriftConfig, Facts, Judgement, still_open
from penchant.live.drift.facts import words
from penchant.store.log import Change, EventStored, ItemPut
from penchant.testing import MemoryLog

NOW = 1_800_000_000.0
SMALL = DriftConfig(users=10, learn=200, reference=600, window=15, days=0)
GENRES = ("Drama", "Comedy", "Horror")
TITLES = ("a slow river", "the loud house", "night of the owls")


class Changes:
    """A log that has happened already."""

    def __init__(self, changes: list[Change]) -> None:
        self.all = changes

    def last_seq(self) -> int:
        return self.all[-1].seq

    def changes(self, after: int = 0, limit: int = 10_000) -> list[Change]:
        return self.all[after : after + limit]

    def events_of(self, user_id: str, limit: int = 100) -> list[EventStored]:
        return []


def fields(item_id: str) -> dict[str, object] | None:
    place = int(item_id.removeprefix("i")) if item_id.removeprefix("i").isdigit() else -1
    if place < 0:
        return None
    if place >= 900:
        return {"title": "тихая река ночью", "genre": "Anime"}
    return {"title": f"{TITLES[place % 3]} {place}", "genre": GENRES[place % 3]}


def drawn(count: int, seed: int = 0) -> Iterator[Event]:
    draw = np.random.default_rng(seed)
    who = draw.integers(0, 400, count).tolist()
    what = (300 * draw.random(count) ** 2).astype(int).tolist()
    kinds = draw.choice(["view", "click"], count, p=[0.8, 0.2]).tolist()
    stars = draw.integers(1, 6, count).tolist()
    for n in range(count):
        yield Event(
            f"u{who[n]}", f"i{what[n]}", NOW + 60 * n, f"e{n}", str(kinds[n]), float(stars[n])
        )


def stored(events: list[Event]) -> list[Change]:
    return [EventStored(n, NOW + 60 * (n - 1), event) for n, event in enumerate(events, 1)]


def watched(changes: list[Change], config: DriftConfig = SMALL) -> Drift:
    drift = Drift(Changes(changes), Facts(fields), config)
    drift.catch_up()
    return drift


HALF = 4_000


def changed(how) -> list[Change]:
    events = list(drawn(2 * HALF))
    return stored([*events[:HALF], *(how(n, event) for n, event in enumerate(events[HALF:]))])


def other(told: Event, **fields: Any) -> Event:
    return replace(told, **fields)


CASES = {
    "categories": lambda n, e: other(e, item_id="i901") if n % 5 == 0 else e,
    "words": lambda n, e: other(e, item_id="i901") if n % 5 == 0 else e,
    "kinds": lambda n, e: other(e, event="click") if n % 3 == 0 else e,
    "concentration": lambda n, e: other(e, item_id="i250") if n % 4 == 0 else e,
    "feed": lambda n, e: other(e, item_id="nobody knows") if n % 4 == 0 else e,
    "values": lambda n, e: other(e, value=None) if n % 4 == 0 else e,
    "busiest user": lambda n, e: other(e, user_id="undefined") if n % 3 == 0 else e,
}


@pytest.mark.parametrize("signal", CASES)
def test_a_change_is_found_with_what_since_when_and_what_to_do(signal: str):
    drift = watched(changed(CASES[signal]))
    found = [alert for alert in drift.alerts() if alert.signal == signal]
    assert found, [str(alert) for alert in drift.alerts()]
    alert = found[0]
    assert HALF < alert.found_seq < HALF + 1_500
    assert abs(alert.since_seq - HALF) < 400
    assert alert.since == NOW + 60 * (alert.since_seq - 1)
    assert alert.do
    assert " before, " in alert.what
    assert alert in still_open(drift.alerts())


@pytest.mark.parametrize("seed", range(3))
def test_on_a_quiet_stream_nothing_is_said(seed: int):
    drift = watched(stored(list(drawn(3 * HALF, seed))))
    assert drift.stage == "watching"
    assert drift.alerts() == ()


def test_an_alert_is_over_when_all_is_as_it_was():
    def outage(n: int, event: Event) -> Event:
        return other(event, item_id="nobody knows") if n < 600 and n % 3 == 0 else event

    drift = watched(changed(outage))
    (alert,) = (alert for alert in drift.alerts() if alert.signal == "feed")
    assert alert.over is not None
    assert alert.over > alert.found
    assert "over at" in str(alert)


def test_a_busy_service_is_sampled_and_its_reference_lasts_a_day():
    config = replace(SMALL, days=1.0, every=600.0)
    events = enumerate(drawn(104_000), 1)  # one a second
    changes: list[Change] = [EventStored(n, NOW + n, one) for n, one in events]
    assert watched(changes[:90_000], config).stage == "reference"
    drift = watched(changes, config)
    assert drift.stage == "watching"
    blocks = drift.signals()["kinds"].to_json()["detector"]["blocks"]
    assert blocks == (104_000 - 20 * 600 - 86_400) // 600


def test_one_loud_user_is_no_change():
    def loud(n: int, event: Event) -> Event:
        return other(event, user_id="loud", item_id="nobody knows") if 0 < n % 40 < 12 else event

    assert "feed" not in {alert.signal for alert in watched(changed(loud)).alerts()}


def test_items_put_in_another_language_are_told_of():
    draw = np.random.default_rng(1)
    puts: list[Change] = [
        ItemPut(n, NOW + n, f"i{n}", {"title": f"{TITLES[draw.integers(3)]} {n}"})
        for n in range(1, 1_201)
    ]
    drift = Drift(Changes(puts), Facts(fields), SMALL)
    drift.catch_up()
    assert drift.alerts() == ()
    more = [ItemPut(n, NOW + n, f"i{n}", {"title": "тихая река"}) for n in range(1_201, 1_401)]
    drift = Drift(Changes([*puts, *more]), Facts(fields), SMALL)
    drift.catch_up()
    (alert,) = drift.alerts()
    assert alert.signal == "words put"
    assert "pretrain" in alert.do
    assert alert.found_seq < 1_260


def test_after_a_kill_it_goes_on_exactly(tmp_path: Path):
    """Killed after every so many events, between any two writes of the checkpoint."""
    changes = changed(CASES["kinds"])
    whole = watched(changes)
    path = tmp_path / "drift.json"
    for last in (*range(700, len(changes), 700), len(changes)):
        part = Drift(Changes(changes[:last]), Facts(fields), SMALL, path)
        part.catch_up()
    assert part.cursor == whole.cursor
    assert part.alerts() == whole.alerts()
    told = {name: signal.to_json() for name, signal in part.signals().items()}
    assert told == {name: signal.to_json() for name, signal in whole.signals().items()}


def test_the_checkpoint_holds_nobody_and_is_read_by_its_owner_alone(tmp_path: Path):
    path = tmp_path / "drift.json"
    names = [other(e, user_id=f"person-{e.user_id}-person") for e in drawn(HALF)]
    Drift(Changes(stored(names)), Facts(fields), SMALL, path).catch_up()
    assert b"person" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


SPOILT = {
    "cut short": lambda told: b"{",
    "of another format": lambda told: json.dumps({**told, "format": 0}).encode(),
    "of other settings": lambda told: json.dumps({**told, "config": {}}).encode(),
    "of another log": lambda told: json.dumps({**told, "cursor": 9, "mark": [9, 1.0]}).encode(),
    "with parts missing": lambda told: json.dumps({**told, "events": {}}).encode(),
    "something else": lambda told: b"[]",
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_checkpoint_of_no_use_is_left_aside(tmp_path: Path, spoil, caplog):
    changes, path = stored(list(drawn(HALF))), tmp_path / "drift.json"
    Drift(Changes(changes), Facts(fields), SMALL, path).catch_up()
    path.write_bytes(spoil(json.loads(path.read_bytes())))
    again = Drift(Changes(changes), Facts(fields), SMALL, path, writes=False)
    assert "left aside" in caplog.text
    assert again.cursor == 0
    again.catch_up()
    assert again.alerts() == watched(changes).alerts()


def test_after_a_re_tuning_what_comes_is_what_is_usual():
    drift = watched(changed(CASES["kinds"]))
    assert still_open(drift.alerts())
    drift.begin_anew()
    assert drift.alerts() == ()
    assert drift.stage == "learning"


def test_a_real_log_is_followed_in_steps(tmp_path: Path):
    log = MemoryLog(lambda: NOW)
    log.append(list(drawn(500)))
    drift = Drift(log, Facts(log.item), SMALL)
    assert drift.catch_up(most=100) == 100
    assert drift.catch_up() == 400
    log.append([Event("u", "i", NOW, "new")])
    assert drift.catch_up() == 1


@pytest.mark.parametrize("signal", ["scores", "hits", "clicks"])
def test_lists_that_get_worse_are_told_of_and_survive_a_restart(tmp_path: Path, signal: str):
    draw, path = np.random.default_rng(2), tmp_path / "drift.json"
    log = Changes(stored(list(drawn(10))))
    drift = Drift(log, Facts(fields), SMALL, path)
    for n in range(1_600):
        bad = n >= 1_200
        score = draw.normal() - 3 * (bad and signal == "scores")
        hit = draw.random() < (0.1 if bad and signal == "hits" else 0.4)
        drift.judged(Judgement(score, hit), NOW + n)
        drift.ended(draw.random() < (0.1 if bad and signal == "clicks" else 0.4), NOW + n)
        if n == 1_199:
            assert drift.alerts() == ()
            drift.save()
            drift = Drift(log, Facts(fields), SMALL, path)
    (alert,) = drift.alerts()
    assert alert.signal == signal
    assert NOW + 1_200 <= alert.found < NOW + 1_560
    assert drift.signals().keys() == {"scores", "hits", "clicks"}


def test_words_of_scripts_without_blanks_stand_alone():
    assert list(words("東京 Tower")) == [("東", "Han"), ("京", "Han"), ("tower", "Latin")]
    assert [script for _, script in words("мир ελλάς عالم 123")] == ["Cyrillic", "Greek", "Arabic"]


def test_alerts_are_told_and_read_again():
    alert = Alert("kinds", "click 10 % before, 40 %", "Look.", 5, NOW, 9, NOW + 1, 0.5, 12.0)
    assert Alert.from_json(json.loads(json.dumps(alert.to_json()))) == alert


@pytest.mark.parametrize("wrong", [{"users": 0}, {"alpha": 1.0}, {"tolerance": -1.0}])
def test_settings_that_cannot_be_are_refused(wrong: dict[str, float]):
    with pytest.raises(UsageError):
        DriftConfig(**wrong)


def test_with_another_model_scores_and_hits_begin_anew(tmp_path: Path):
    path, draw, ends = tmp_path / "drift.json", np.random.default_rng(2), NOW + 1_600
    drift = Drift(Changes([]), Facts(fields), SMALL, path)
    drift.answered_by("m1", NOW)
    for n in range(1_600):
        drift.judged(Judgement(draw.normal() - 3 * (n >= 1_200), draw.random() < 0.4), NOW + n)
        drift.ended(draw.random() < 0.4, NOW + n)
    assert [alert.signal for alert in still_open(drift.alerts())] == ["scores"]
    drift.answered_by("m1", ends)
    assert still_open(drift.alerts())
    drift.answered_by("m2", ends)
    assert set(drift.lists.signals()) == {"clicks"}
    assert still_open(drift.alerts()) == ()
    (over,) = drift.alerts()
    assert (over.signal, over.over) == ("scores", ends)
    again = Drift(Changes([]), Facts(fields), SMALL, path)
    assert (again.lists.model, again.alerts()) == ("m2", drift.alerts())
    again.answered_by("m2", ends + 1)
    assert again.alerts() == (over,)
