"""What else may be going on while a model takes over: a policy, items, erasures, other processes."""

from __future__ import annotations

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from penchant.core import BundleError, Event, Overloaded, PenchantError
from penchant.engine import Ask, Engine, ItemKNN
from penchant.rank import MMR, PolicyConfig
from penchant.serve.config import ServeConfig
from penchant.serve.opening import open_service
from penchant.testing import tiny_dataset

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runs ``knn`` and ``fewer``."""
    folder, data = tmp_path_factory.mktemp("runs"), tiny_dataset()
    for name, neighbours in {"knn": 50, "fewer": 2}.items():
        Engine.of(ItemKNN(neighbours=neighbours).fit(data)).save(folder / name)
    return folder


@pytest.fixture
def opened(runs: Path, tmp_path: Path):
    """``opened(config)``: another process's view of one data folder, on a copy of the runs."""
    shutil.copytree(runs, tmp_path / "runs")
    every = []

    def start(config: ServeConfig | None = None, first: bool = True):
        run = tmp_path / "runs" / "knn"
        every.append(open_service(tmp_path / "data", run, config, first=first))
        return every[-1]

    yield start
    for service, swaps in every:
        swaps.close()
        service.close()


def followed(call, *given, by):
    """What a call gives, while other processes look now and then."""
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(call, *given)
        while not running.done():
            for swaps in by:
                swaps.follow()
        return running.result()


def listed(service, **asked) -> list[str]:
    (answer,) = service.answers([Ask(**{"user_id": "u0", "k": 14} | asked)])
    if isinstance(answer, PenchantError):
        raise answer
    return [one.item for one in answer.items]


def test_a_policy_of_the_service_is_no_reason_to_refuse_a_model(opened):
    policy = PolicyConfig(diversity=MMR(0.9))
    service, swaps = opened(ServeConfig(policy=policy))
    assert service.version == swaps.registry.standing().current
    swapped = swaps.reload("fewer")
    assert service.version == swapped.version


def test_items_that_were_put_are_no_reason_to_refuse_a_model(opened):
    service, swaps = opened()
    gone = [f"{taste}{n}" for taste in "sr" for n in (1, 2, 3, 4)]
    service.items.put([{"item_id": item, "available": False} for item in gone])
    deploy = swaps._vetting._deploy

    def slowly(bundle: Path, name: str):
        deployed = deploy(bundle, name)
        while deployed.pending:
            time.sleep(0.01)
        return deployed

    swaps._vetting._deploy = slowly
    swaps.reload("fewer")
    assert service.version == swaps.registry.standing().current


def test_a_run_that_is_only_registered_holds_nobody_who_was_erased(opened):
    service, swaps = opened()
    service.erase("u0")
    version = swaps.reload("fewer", promote=False).version
    users = (swaps.registry.path(version) / "users.json").read_text()
    assert '"u0"' not in users


def test_the_model_before_knows_what_is_popular_when_it_is_back(opened):
    service, swaps = opened()
    swaps.reload("fewer")
    many = [Event(f"fan{n}", "r6", time.time(), f"e{n}") for n in range(200)]
    service.record(many).result(30)
    service._refresh_at = 0.0  # a minute later
    service.tend()
    swaps.roll_back()
    assert listed(service, user_id="somebody new", k=1) == ["r6"]


def test_a_roll_back_that_cannot_be_written_changes_nothing(opened, monkeypatch):
    service, swaps = opened()
    swaps.reload("fewer")
    version = service.version
    service._before = None  # as after a restart

    def refuses() -> None:
        raise BundleError("no space left")

    monkeypatch.setattr(swaps.registry, "roll_back", refuses)
    with pytest.raises(BundleError, match="no space left"):
        swaps.roll_back()
    assert service.version == version == swaps.registry.standing().current


def test_a_run_is_found_from_every_process(opened):
    first, others = opened()
    second, swaps = opened(first=False)
    swapped = followed(swaps.reload, "fewer", by=[others])
    assert first.version == second.version == swapped.version


def test_a_swap_waits_until_every_process_is_ready_and_all_turn_at_once(opened):
    first, swaps = opened()
    second, others = opened(first=False)
    version = swaps.reload("fewer", promote=False).version
    with ThreadPoolExecutor(1) as thread:
        swapping = thread.submit(swaps.promote, version)
        with pytest.raises(TimeoutError):
            swapping.result(4)  # the other process does not look
        assert first.version == second.version != version
        while version not in second.versions:
            others.follow()
        assert swapping.result().standing.current == version
    (answer,) = second.answers([Ask(user_id="u0")])  # nobody looked meanwhile: a batch turns
    assert answer.model_version == version
    before = others.roll_back().version
    assert before == first.version == second.version != version


def test_a_model_that_another_process_cannot_answer_with_answers_nowhere(opened, monkeypatch):
    first, swaps = opened()
    second, others = opened(first=False)
    before = first.version

    def refuses(bundle: Path, name: str):
        raise BundleError(f"{name} needs more memory than is left")

    monkeypatch.setattr(others._vetting, "_deploy", refuses)
    with pytest.raises(BundleError, match=r"in another process, .* needs more memory"):
        followed(swaps.reload, "fewer", by=[others])
    assert first.version == second.version == swaps.registry.standing().current == before
    others.follow()
    monkeypatch.undo()
    followed(swaps.reload, "fewer", by=[others])
    assert first.version == second.version != before


def test_nobody_waits_for_a_process_that_is_gone(opened):
    first, swaps = opened()
    _, others = opened(first=False)
    os.close(others._peers._lock)  # as the end of a process does
    others._peers._lock = None
    assert swaps.reload("fewer").version == first.version


def test_one_process_at_a_time_exchanges_models(opened):
    _, swaps = opened()
    _, others = opened(first=False)
    with swaps._alone(), pytest.raises(Overloaded):
        others.reload("fewer")


def test_a_process_that_begins_during_a_swap_answers_with_the_new_model(opened, monkeypatch):
    first, swaps = opened()
    load, swapped = Engine.load, []

    def slowly(*given, **named):
        found = load(*given, **named)
        if not swapped:
            swapped.append(True)
            swaps.reload("fewer")
        return found

    monkeypatch.setattr(Engine, "load", slowly)
    second, _ = opened(first=False)
    assert second.version == first.version == swaps.registry.standing().current


def test_a_reload_is_given_up_when_the_service_stops(opened):
    service, swaps = opened()
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(swaps.reload, "fewer")
        time.sleep(0.3)  # the child is loading its libraries
        swaps.close()
        with pytest.raises(Overloaded, match="stopping"):
            running.result(20)
    assert service.version == swaps.registry.standing().current
