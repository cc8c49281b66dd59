"""What a fault does while models are exchanged: nothing to whoever asks."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from penchant.core import LogError, Overloaded
from penchant.engine import Ask, Engine, ItemKNN
from penchant.serve import peers as peers_module
from penchant.serve.opening import open_service
from penchant.serve.peers import Held, Peers
from penchant.testing import tiny_dataset


@pytest.fixture
def at(tmp_path: Path):
    """A service, and a second version in its registry."""
    for name, neighbours in {"knn": 50, "fewer": 2}.items():
        Engine.of(ItemKNN(neighbours=neighbours).fit(tiny_dataset())).save(tmp_path / name)
    service, swaps = open_service(tmp_path / "data", tmp_path / "knn")
    yield service, swaps, swaps.registry.add(tmp_path / "fewer").name
    service.close()


def version_that_answers(service) -> str:
    (answer,) = service.answers([Ask(user_id="u0")])
    return answer.model_version


@pytest.mark.slow
def test_a_damaged_registry_is_no_reason_not_to_answer(at, caplog):
    service, swaps, _ = at
    first = version_that_answers(service)
    for name in ("registry.json", "registry.backup.json"):
        (swaps.registry.folder / name).write_text("{")
    assert [version_that_answers(service) for _ in range(3)] == [first] * 3
    assert [line.getMessage() for line in caplog.records].count("registry-unreadable") == 1


@pytest.mark.slow
def test_a_full_disk_is_no_reason_not_to_answer(at, monkeypatch):
    service, swaps, version = at

    def full(held: Held) -> None:
        raise OSError(28, "No space left on device")

    service.accompany(swaps._vetting.ready(version))
    monkeypatch.setattr(swaps._peers, "tell", full)
    swaps.registry.promote(version)
    assert version_that_answers(service) == version


@pytest.mark.slow
def test_a_model_that_gets_ready_after_its_promotion_was_seen_answers_and_stays(at):
    service, swaps, version = at
    swaps.registry.promote(version)
    assert version_that_answers(service) != version  # nobody has it in memory: seen, and left
    service.accompany(swaps._vetting.ready(version))
    swaps.follow()
    assert version_that_answers(service) == version


@pytest.mark.slow
def test_the_thread_that_answers_closes_no_model(at):
    service, swaps, version = at
    old, closed = swaps._vetting.ready(version), []
    old.close = lambda: closed.append(True)
    service._before = old
    old._engine = service._deployed._engine  # another name than the one to come
    service.accompany(swaps._vetting.ready(version))
    assert service.turn_to(version)
    assert not closed
    service.dismiss_but()
    assert closed
    del old.close
    old.close()


@pytest.mark.slow
def test_nothing_is_accompanied_after_the_end(at):
    service, swaps, version = at
    deployed = swaps._vetting.ready(version)
    swaps.close()
    with pytest.raises(Overloaded, match="stopping"):
        swaps._accompany(version)
    service.close()
    with pytest.raises(Overloaded, match="stopping"):
        service.accompany(deployed)
    assert version not in service.versions


@pytest.mark.slow
def test_what_is_popular_is_taken_again_where_it_failed(at, monkeypatch):
    service, _, _ = at
    service._refresh_at, service._refreshed, followed = 0.0, -1, service.followed_at

    def fails() -> None:
        raise LogError("the log cannot be read")

    monkeypatch.setattr(service.follower, "catch_up", fails)
    with pytest.raises(LogError):
        service.tend()
    assert (service._refreshed, service.followed_at) == (-1, followed)
    monkeypatch.undo()
    service.tend()
    assert service._refreshed == service.log.last_seq()
    assert service.followed_at > followed


def test_who_waits_for_the_swap_lock_gets_it_when_it_is_let_go(tmp_path: Path):
    first, second = Peers(tmp_path), Peers(tmp_path)
    with first.alone(), pytest.raises(Overloaded):
        second.alone().__enter__()
    block = first.alone()
    block.__enter__()
    timer = threading.Timer(0.1, block.__exit__, (None, None, None))
    timer.start()
    with second.alone():
        pass
    timer.join()


def test_the_dead_are_swept_away_and_the_living_are_not(tmp_path: Path):
    first, second = Peers(tmp_path), Peers(tmp_path)
    first.join(Held())
    second.join(Held(("one",)))
    (tmp_path / "1-dead.lock").touch()
    (tmp_path / "1-dead.json").touch()
    assert [held.ready for held in first.others().values()] == [["one"]]
    assert not list(tmp_path.glob("1-dead.*"))
    second.leave()
    assert first.others() == {}
    first.leave()


def test_what_is_told_while_leaving_is_not_left_behind(tmp_path, monkeypatch):
    """``follow`` tells on one thread as ``close`` leaves on another."""
    peers, telling, left = Peers(tmp_path), threading.Event(), threading.Event()
    peers.join(Held())
    write = peers_module.atomic_write

    def slowly(path, content):
        telling.set()
        left.wait(0.5)  # for as long as ``leave`` may need
        write(path, content)

    monkeypatch.setattr(peers_module, "atomic_write", slowly)
    with ThreadPoolExecutor(2) as threads:
        told = threads.submit(peers.tell, Held(("a",)))
        telling.wait()
        gone = threads.submit(lambda: (peers.leave(), left.set()))
        told.result()
        gone.result()
    assert list(tmp_path.iterdir()) == []
