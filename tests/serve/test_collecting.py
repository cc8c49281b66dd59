"""Garbage collected where nobody waits for it."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from penchant.serve.collecting import Collecting


class Model:
    """It points to itself, so that only a full collection finds that nobody uses it."""

    def __init__(self) -> None:
        self.own = self


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_is_loaded_is_set_aside_and_taken_in_again():
    with Collecting(lambda: {"a"}).at_work():
        assert gc.get_freeze_count() > 10_000
        assert len(gc.get_objects()) < 1000
    assert gc.get_freeze_count() == 0


def test_a_model_is_let_go_once_it_has_gone():
    loaded = {"a", "b"}
    collecting = Collecting(lambda: set(loaded))
    model = Model()
    gone = weakref.ref(model)
    with collecting.at_work():
        del model
        gc.collect()
        collecting.look()
        assert gone() is not None  # set aside: no collection sees it
        loaded.add("c")
        collecting.look()
        assert gone() is not None  # one that came makes nobody wait
        loaded.remove("b")
        collecting.look()
        assert gone() is None
        assert gc.get_freeze_count() > 10_000


def test_what_makes_a_full_collection_slow_is_set_aside_too():
    now = [0.0]
    collecting = Collecting(lambda: {"a"}, clock=lambda: now[0])
    with collecting.at_work():
        users = [[] for _ in range(5000)]
        gc.collect()
        quick = gc.get_freeze_count()

        def slowly(phase: str, _: dict[str, int]) -> None:
            now[0] += phase == "start"

        gc.callbacks.append(slowly)
        try:
            gc.collect()
        finally:
            gc.callbacks.remove(slowly)
        assert gc.get_freeze_count() >= quick + len(users)


def test_a_model_that_came_is_set_aside_at_once():
    loaded = {"a"}
    collecting = Collecting(lambda: set(loaded))
    with collecting.at_work():
        model = [Model() for _ in range(100)]
        before = gc.get_freeze_count()
        loaded.add("b")
        collecting.look()
        assert gc.get_freeze_count() >= before + len(model)
