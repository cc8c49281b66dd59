"""``penchant experiment`` on the folder of a service."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from penchant.core import Event, Impression
from penchant.live.experiments import Book, Experiment, Shadowed, ShadowFile
from penchant.serve.edge import AuditTrail
from penchant.store import Registry, SealedFile, write_bundle
from penchant.store.log import open_log

DAY = 86_400.0


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The folder of a service with two models and a log."""
    folder = tmp_path / "service"
    registry = Registry(folder / "models")
    for weight in (1, 2):
        run = tmp_path / f"run-{weight}"
        write_bundle(run, "recommender", {"w": b"%d" % weight}, {"model": "als"})
        registry.add(run)
    registry.promote(next(iter(registry.standing().versions)))
    with open_log(folder / "log") as log:
        log.append([Event("u", "i", 0.0)])
        log.add_impressions([Impression("r", "i", 0, "m", 0.0, "u")])
    return folder


@pytest.fixture
def start(call, data):
    """Start an experiment on both models."""
    second = list(Registry(data / "models").standing().versions)[1]

    def run(name: str = "autumn", *more: object):
        arms = ("--arm", "old=current", "--arm", f"new={second}")
        return call("experiment", "start", name, "--data", data, *arms, *more)

    return run


def happened(data: Path, days: float, gains: float, users: int = 1000) -> Experiment:
    """As if it had begun days ago: everybody saw a list then; some clicked, more of the second arm."""
    book = Book(data)
    one = book.find()
    began = time.time() - days * DAY
    one = replace(one, started_at=began)
    with SealedFile(book.path).changing() as write:
        write({"experiments": [one.as_json()]})
    rng = np.random.default_rng(0)
    shown, done = [], []
    for i in range(users):
        user, when = f"u{i}", began + 60 + i * (days - 1.1) * DAY / users
        arm = one.arm_of(user)
        if arm is None:
            continue
        shown.append(Impression(f"r{i}", "i1", 0, "m", when, user, one.policy(arm)))
        if rng.random() < 0.2 + gains * arm:
            done.append(Event(user, "i1", when + 5, event="click"))
    with open_log(data / "log") as log:
        log.add_impressions(shown)
        log.append(done)
    return one


def test_an_experiment_begins_where_the_log_stands(start, data):
    said = start(
        "autumn",
        "--event",
        "buy",
        "--window",
        "2h",
        "--shares",
        "3:1",
        "--traffic",
        "0.4",
        "--json",
    )
    assert said.status == 0, said.err
    told = json.loads(said.out)
    first, second = Registry(data / "models").standing().versions
    assert [(arm["name"], arm["version"], arm["share"]) for arm in told["arms"]] == [
        ("old", first, pytest.approx(0.3)),
        ("new", second, pytest.approx(0.1)),
    ]
    assert (told["events"], told["window"], told["after"]) == (["buy"], 7200.0, [1, 1])
    assert Book(data).running() == Experiment.from_json(told)
    assert [line["action"] for line in AuditTrail(data).read()] == ["experiment start"]


def test_the_status_says_what_may_be_concluded(start, data, call):
    assert start("autumn", "--users", 1000).status == 0
    one = happened(data, 5, gains=0.25)
    said = call("experiment", "status", "--data", data)
    assert said.status == 0, said.err
    assert "new is better than old: decided" in said.out
    assert one.arms[1].version in said.out
    assert "split as meant: yes" in said.out
    told = json.loads(call("experiment", "status", "autumn", "--data", data, "--json").out)
    (found,) = told["judgement"]["comparisons"]
    assert (found["conclusion"], len(found["looks"])) == ("better", 6)
    assert sum(told["judgement"]["users"]) == 1000


def test_models_that_are_the_same_stay_undecided(start, data, call):
    start("autumn", "--kind", "interleave")
    happened(data, 3, gains=0.0)
    said = call("experiment", "status", "--data", data)
    assert "Undecided: new may be" in said.out
    assert "prefer it" in said.out


def test_nobody_yet(start, data, call):
    start()
    said = call("experiment", "status", "--data", data)
    assert said.status == 0
    assert "Too early" in said.out


@pytest.mark.parametrize("ending", [".svg", ".png"])
def test_the_days_can_be_drawn(start, data, call, tmp_path, ending):
    start("autumn", "--users", 1000)
    happened(data, 4, gains=0.2)
    picture = tmp_path / f"autumn{ending}"
    assert call("experiment", "status", "--data", data, "--plot", picture).status == 0
    assert picture.read_bytes()[:5] in (b"<?xml", b"\x89PNG\r")


def test_a_shadow_tells_what_the_processes_counted(start, data, call):
    start("dark", "--kind", "shadow")
    one = Book(data).find()
    for counts in (Shadowed(8, 1, 2, 0.4, 6.0, 4, "no vector"), Shadowed(2, 0, 0, 0.1, 1.0, 1)):
        ShadowFile(data, one).tell(counts)
    said = call("experiment", "status", "--data", data)
    assert "lists    10, 2 dropped" in said.out
    assert "errors   1, the last: no vector" in said.out
    assert "overlap  0.700" in said.out
    told = json.loads(call("experiment", "status", "--data", data, "--json").out)
    assert told["shadow"]["same_top"] == 5


def test_it_is_stopped_and_still_told(start, data, call):
    start()
    said = call("experiment", "stop", "autumn", "--why", "enough", "--data", data, "--json")
    assert json.loads(said.out)["why"] == "enough"
    assert Book(data).running() is None
    assert ": enough" in call("experiment", "status", "--data", data).out
    assert start().status == 2, "the name was used"
    assert start("spring").status == 0


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["--arm", "a=current"], "2 to 8 arms"),
        (["--arm", "a=current", "--arm", "b"], "write NAME=MODEL"),
        (["--arm", "a=current", "--arm", "b=nothing"], "'nothing' is no model. Registered: als-"),
        (["--arm", "a=current", "--arm", "b=als"], "begins 2 models"),
        (["--arm", "a=current", "--arm", "b=current", "--shares", "1:x"], "numbers above 0"),
        (["--arm", "a=current", "--arm", "b=current", "--shares", "1"], "1 shares for 2 arms"),
        (["--arm", "a=current", "--arm", "b=current", "--window", "1 day"], "write a number and s, m, h or d"),
        (["--arm", "a=current", "--arm", "b=current", "--kind", "c"], "no kind"),
    ],
)  # fmt: skip
def test_what_cannot_be_started_says_why(data, call, argv, told):
    said = call("experiment", "start", "x", "--data", data, *argv)
    assert said.status == 2
    assert told in said.err


def test_a_folder_without_a_service(tmp_path, call):
    for argv in (["start", "x", "--arm", "a=b"], ["status"], ["stop", "x"]):
        said = call("experiment", *argv, "--data", tmp_path)
        assert said.status == 2, argv
        assert said.err.startswith("penchant: ")
    assert list(tmp_path.iterdir()) == []
