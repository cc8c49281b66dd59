"""What a second stage learns from: lists that hold what came next, and nothing from after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from penchant.core import generator
from penchant.models.short_lists import material, questions_of
from penchant.models.two_stage import first_stage

WORDS = [3 * letter for letter in "abcdefghijkl"]


@dataclass(frozen=True)
class Asked:
    """Whom, how many events, how long the lists."""

    users: int = 30
    events: int = 3
    validation_users: int = 10
    depth: int = 5


def histories(seed: int = 0) -> list[list[int]]:
    rng = generator(seed, "test")
    return [rng.permutation(12)[: rng.integers(3, 9)].tolist() for _ in range(60)]


def test_every_list_holds_what_came_next(world):
    data = world.dataset(histories(), WORDS)
    found = material(Asked(), first_stage("popularity", "test"), data, 0, ("test", "lists"))
    assert found is not None
    for lists in (found.lists, found.held):
        assert len(lists)
        assert lists.hit.any(axis=1).all()
    assert not set(found.lists.requests.user) & set(found.held.requests.user)


def test_no_list_was_made_by_a_first_stage_that_met_its_answer(world, monkeypatch):
    data = world.dataset(histories(), WORDS)
    model_class, config = first_stage("popularity", "test")
    met = []
    fit = model_class.fit.__func__

    def watched(cls, settings, train, seed=0):
        met.append(train.interactions.events)
        return fit(cls, settings, train, seed)

    monkeypatch.setattr(model_class, "fit", classmethod(watched))
    found = material(Asked(), (model_class, config), data, 0, ("test", "lists"))
    assert found is not None
    for lists in (found.lists, found.held):
        for user, target in zip(lists.requests.user, lists.target, strict=True):
            assert target not in met[0].items_of(user)
    assert (met[0].lengths >= np.minimum(2, data.interactions.events.lengths)).all()


def test_questions_tell_what_came_before_and_skip_what_was_chosen_before(world):
    data = world.dataset([[0, 1, 2, 3, 4], [5, 6, 7], [8, 9, 8, 1]], WORDS)
    requests, target = questions_of(data, np.array([0, 1, 2]), 2)
    told = {
        (int(user), int(item)): requests.history.items_of(row).tolist()
        for row, (user, item) in enumerate(zip(requests.user, target, strict=True))
    }
    assert told == {
        (0, 4): [0, 1, 2, 3],
        (0, 3): [0, 1, 2],
        (1, 7): [5, 6],  # before the other one event is left, which is too few
        (2, 1): [8, 9, 8],  # and the 8 before it was chosen earlier already
    }


def test_a_first_stage_that_never_lists_the_answer_teaches_nothing(world, caplog):
    data = world.dataset([[0, 1, 3 + n % 9] for n in range(40)], WORDS)
    asked = Asked(events=1, depth=1, users=100)  # of what nobody chose, item 2 is listed first
    assert material(asked, first_stage("popularity", "test"), data, 0, ("test", "lists")) is None
    assert "of what came next, the first stage lists nothing" in caplog.text
