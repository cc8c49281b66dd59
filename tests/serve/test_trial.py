"""An experiment at work: whose question goes to which model."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from penchant.core import BundleError, UsageError
from penchant.engine import Answer, Ask, Engine, Past
from penchant.live.experiments import Arm, Book, Experiment, shadowed
from penchant.rank import draft_teams, team_draft
from penchant.serve.deployed import Deployed
from penchant.serve.service import Service
from penchant.serve.trials import Trials
from penchant.testing import tiny_dataset

ITEM = tiny_dataset().catalogue.items.ids[0]
ARMS = (Arm("old", "fake-1", 0.5), Arm("new", "other-1", 0.5))


@pytest.fixture(scope="module")
def other() -> Engine:
    """What is popular: another list than that of the fake model."""
    from penchant.engine import Popularity

    return Engine.of(Popularity().fit(tiny_dataset()), version="other-1")


class Vetting:
    """Makes the other model ready, as a registry does."""

    def __init__(self, service: Service, other: Engine) -> None:
        self.service, self.other = service, other

    def ready(self, version: str) -> Deployed:
        if version != "other-1":
            raise BundleError(f"{version} may not answer: it is damaged")
        return Deployed(self.other, self.service.log, self.service.follower)

    def stop(self) -> None:
        """Nothing is under way."""


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


@pytest.fixture
def trials(service: Service, book: Book, other: Engine) -> Trials:
    return Trials(book, service, Vetting(service, other))


def of(kind: str = "ab", **changes: object) -> Experiment:
    return Experiment(**{"name": "t", "kind": kind, "arms": ARMS, "salt": "s", **changes})  # type: ignore[arg-type]


def ask(user: str, **more: object) -> Ask:
    return Ask(**{"user_id": user, "k": 4, "request_id": f"r-{user}", **more})  # type: ignore[arg-type]


def ids(answer: object) -> list[str]:
    assert isinstance(answer, Answer)
    return [item.item for item in answer.items]


USERS = [f"u{i}" for i in range(30)]


def test_without_an_experiment_nobody_is_asked(service, trials):
    trials.follow()
    assert service.trial is None
    (answer,) = service.answers([ask("u1")])
    assert (answer.policy, answer.model_version) == ("", "fake-1")


def test_each_user_is_answered_by_the_model_of_their_arm(service, trials, book, other):
    one = book.start(of())
    trials.follow()
    answers = service.answers([ask(user) for user in USERS])
    for user, answer in zip(USERS, answers, strict=True):
        arm = one.arms[one.arm_of(user)]
        assert (answer.policy, answer.model_version) == (f"t/{arm.name}", arm.version)
    treated = next(user for user in USERS if one.arm_of(user) == 1)
    (alone,) = service.answers([ask(treated)])
    assert ids(alone) == ids(answers[USERS.index(treated)])


@pytest.mark.parametrize(
    "outside", [{"user_id": None}, {"query": "space"}, {"similar_to": ITEM}], ids=str
)
def test_other_questions_are_not_in_it(service, trials, book, outside):
    book.start(of())
    trials.follow()
    for user in USERS[:8]:
        (answer,) = service.answers([replace(ask(user, past=[Past(ITEM)]), **outside)])
        assert (answer.policy, answer.model_version) == ("", "fake-1")


def test_users_beyond_the_shares_are_not_in_it(service, trials, book):
    one = book.start(of(arms=(replace(ARMS[0], share=0.2), replace(ARMS[1], share=0.2))))
    trials.follow()
    answers = service.answers([ask(user) for user in USERS])
    outside = [one.arm_of(user) is None for user in USERS]
    assert [answer.policy == "" for answer in answers] == outside
    assert any(outside)


def test_an_interleaving_is_the_draft_of_both_lists(service, trials, book):
    one = book.start(of("interleave"))
    trials.follow()
    asks = [ask(user) for user in USERS]
    first = [service.deployed.answers([each])[0] for each in asks]
    second = [service.trial.arms[1].answers([each])[0] for each in asks]
    for each, a, b, answer in zip(asks, first, second, service.answers(asks), strict=True):
        teams = draft_teams(each.request_id, 4, one.salt)
        assert ids(answer) == team_draft(ids(a), ids(b), teams.tolist())
        assert (answer.policy, answer.model_version) == ("t/interleaved", "fake-1+other-1")


@pytest.mark.parametrize("more", [{"offset": 2}, {"request_id": ""}, {"explain": True}], ids=str)
def test_what_could_not_be_told_again_is_not_interleaved(service, trials, book, more):
    book.start(of("interleave"))
    trials.follow()
    (answer,) = service.answers([ask("u1", **more)])
    assert answer.policy == ""


def test_lists_that_are_too_short_are_not_interleaved(service, trials, book):
    book.start(of("interleave"))
    trials.follow()
    (answer,) = service.answers([ask("u1", k=1000)])
    assert (answer.policy, answer.model_version) == ("", "fake-1")


def test_a_shadow_is_asked_and_not_seen(service, trials, book):
    one = book.start(of("shadow"))
    trials.follow()
    answers = service.answers([ask(user) for user in USERS])
    assert {(answer.policy, answer.model_version) for answer in answers} == {("", "fake-1")}
    until = time.monotonic() + 20
    while service.trial._shadow._waiting and time.monotonic() < until:
        time.sleep(0.01)
    book.stop("t")
    trials.follow()
    found = shadowed(book.path.parent, one)
    assert found.errors == 0
    assert 0 < found.answers <= len(USERS)
    assert 0 <= found.overlap <= found.answers


def test_a_shadow_that_is_slow_is_left_out(tmp_path):
    from penchant.serve.shadowing import Shadow

    go = threading.Event()

    def slow(asks):
        go.wait(20)
        raise UsageError("no")

    shadow = Shadow(slow, of("shadow"), tmp_path)
    for user in range(200):
        shadow.ask(ask(f"u{user}"), Answer(()))
    go.set()
    shadow.close()
    found = shadowed(tmp_path, of("shadow"))
    assert found.dropped >= 200 - 64 - 1
    assert (found.answers, found.last_error) == (0, "no" if found.errors else "")


def test_the_end_of_an_experiment_lets_its_models_go(service, trials, book):
    book.start(of())
    trials.follow()
    assert service.holds("other-1")
    book.stop("t")
    trials.follow()
    assert service.trial is None
    service.dismiss_but("fake-1")
    assert service.versions == ("fake-1",)


def test_a_model_of_an_experiment_can_be_promoted_and_outlives_it(service, trials, book):
    book.start(of())
    trials.follow()
    assert service.holds("other-1")
    assert service.turn_to("other-1")
    assert service.version == "other-1"
    book.stop("t")
    trials.follow()
    service.dismiss_but("other-1")
    assert service.versions == ("other-1", "fake-1")
    (answer,) = service.answers([ask("u1")])
    assert answer.model_version == "other-1"


def test_an_experiment_that_cannot_be_taken_up_changes_nothing(service, trials, book):
    book.start(of(arms=(Arm("old", "fake-1", 0.5), Arm("new", "gone-1", 0.5))))
    trials.follow()
    assert service.trial is None
    (answer,) = service.answers([ask("u1")])
    assert (answer.policy, answer.model_version) == ("", "fake-1")
    book.stop("t")
    book.start(of(name="second"))
    trials.follow()
    assert service.trial.experiment.name == "second", "the next one is taken up at once"


def test_models_of_an_experiment_hear_of_what_happens(service, trials, book, other):
    one = book.start(of())
    trials.follow()
    user = next(user for user in USERS if one.arm_of(user) == 1)
    (before,) = service.answers([ask(user, k=3)])
    from penchant.core import Event

    service.log.append([Event(user, ids(before)[0], time.time(), event="click")])
    (after,) = service.answers([ask(user, k=3)])
    assert ids(before)[0] not in ids(after)


def raising(asks: object) -> list[object]:
    raise IndexError("beyond the table")


@pytest.mark.parametrize("kind", ["ab", "interleave"])
@pytest.mark.parametrize("broken", [raising, lambda asks: []], ids=["raises", "too few"])
def test_a_model_on_trial_that_fails_is_replaced_by_the_one_that_answers(
    trials, book, caplog, kind, broken
):
    one, service = book.start(of(kind)), trials._service
    trials.follow()
    service.trial.arms[1].answers = broken
    answers = service.answers([ask(user) for user in USERS])
    treated = [kind == "interleave" or one.arm_of(user) == 1 for user in USERS]
    assert [answer.policy == "" for answer in answers] == treated
    assert {answer.model_version for answer in answers} == {"fake-1"}
    assert service.trial.failed == sum(treated) > 0
    service.answers([ask(user) for user in USERS])
    assert service.trial.failed == 2 * sum(treated)
    assert [line.message for line in caplog.records] == ["experiment-arm-failed"]
