"""Replay: who is drawn, and how old and new are mixed."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.core import Sequences
from penchant.tune.continual import Replay, Reservoir, mixed_lessons, replay_of, targets


def histories(*lengths, first=0):
    """Rows whose items tell the row: all of a row have its number, from ``first`` on."""
    return Sequences.of_items(
        np.array(lengths), np.repeat(np.arange(len(lengths)) + first, lengths)
    )


def rng(seed=0):
    return np.random.default_rng(seed)


def test_users_are_drawn_alike_and_events_by_how_many_they_are():
    busy = histories(101, *[2] * 10)  # one user with a hundred events to predict, ten with one
    shares = {}
    for way in ("users", "events"):
        replay, draw, found = replay_of(busy, 11, way), rng(), 0
        for _ in range(200):
            found += int((replay.draw(1, draw).item == 0).any())
        shares[way] = found / 200
    assert shares["users"] == pytest.approx(1 / 11, abs=0.06)
    assert shares["events"] == pytest.approx(10 / 20, abs=0.1)  # ten windows beside ten users


def test_users_give_their_newest_events():
    old = Sequences.of_items(np.array([5, 1]), np.arange(6))
    assert replay_of(old, 3).rows.item.tolist() == [2, 3, 4]  # one event alone predicts nothing


@given(st.integers(0, 60), st.integers(0, 5))
def test_a_draw_holds_what_was_asked_for_and_at_most_a_row_more(examples, seed):
    replay = Replay(histories(2, 5, 3, 9))
    drawn = replay.draw(examples, rng(seed))
    there = int((drawn.lengths - 1).sum())
    assert examples <= there < examples + 8 or not examples == there == 0 or not len(drawn)
    assert there >= examples
    assert there - int((drawn.lengths - 1)[-1:].sum()) < max(examples, 1)
    rounds = np.bincount(drawn.item[drawn.indptr[:-1]], minlength=4)
    assert rounds.max() - rounds.min() <= 1  # nobody twice before everybody once


def test_nothing_to_draw_from_is_nothing():
    assert len(Replay(histories()).draw(5, rng())) == 0


def test_each_thing_stays_in_the_reservoir_with_the_same_chance():
    found = np.zeros(40)
    for seed in range(2_000):
        kept = Reservoir(10, rng(seed))
        for part in (3, 20, 1, 16):  # in whatever portions they come
            kept.see(part)
        assert len(set(kept.chosen.tolist())) == 10
        found[kept.chosen] += 1
    assert kept.seen == 40
    assert (np.abs(found / 2_000 - 0.25) < 0.045).all()  # four and a half standard errors


def test_a_reservoir_goes_on_from_where_it_was():
    one = Reservoir(5, rng(3))
    one.see(30)
    other = Reservoir(5, rng(9))
    other.load_state_dict(one.state_dict())
    one.see(100)
    other.see(100)
    assert one.chosen.tolist() == other.chosen.tolist()


def test_fewer_than_its_size_all_stay():
    kept = Reservoir(10, rng())
    kept.see(4)
    assert sorted(kept.chosen.tolist()) == [0, 1, 2, 3]
    assert len(replay_of(histories(3, 3, 3), 5, "reservoir", 2, rng()).rows) == 2


def test_an_event_of_weight_0_is_not_predicted_and_the_first_never():
    rows = histories(3, 1, 4)
    weight = np.array([1, 0, 1, 1, 0, 0, 0, 1], np.float32)
    assert targets(dataclasses.replace(rows, weight=weight)).tolist() == [1, 0, 1]
    assert targets(rows).tolist() == [2, 0, 3]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_each_batch_has_the_stated_share_of_old_events(share):
    draw = rng()
    new = histories(*draw.integers(2, 12, 300), first=1000)
    replay = Replay(histories(*draw.integers(2, 20, 400)))
    lessons = mixed_lessons(new, replay, share, 400, draw)
    batches = list(lessons.batches())
    assert len(batches) > 4
    for batch in batches:
        old = batch.item[batch.indptr[:-1]] < 1000
        due = targets(batch)[~old].sum() * share / (1 - share)
        assert abs(targets(batch)[old].sum() - due) <= 18  # to a history, of 18 at most
    total = sum(targets(batch) for batch in [new]).sum()
    seen = np.concatenate([batch.item[batch.indptr[:-1]] for batch in batches])
    assert sorted(seen[seen >= 1000]) == list(range(1000, 1300))  # every new history once
    assert lessons.examples == pytest.approx(total / (1 - share), abs=1)


def test_old_ones_are_drawn_anew_each_epoch_and_again_from_the_same_place():
    draw = rng()
    lessons = mixed_lessons(
        histories(*[4] * 20, first=1000), Replay(histories(*[4] * 200)), 0.5, 40, draw
    )

    def epoch():
        return np.concatenate([batch.item for batch in lessons.batches()]).tolist()

    start = draw.bit_generator.state
    first, second = epoch(), epoch()
    assert first != second
    draw.bit_generator.state = start
    assert epoch() == first


def test_the_ends_of_the_scale():
    new, replay = histories(3, 4, first=1000), Replay(histories(5, 2))
    only_new = mixed_lessons(new, replay, 0.0, 100, rng())
    only_old = mixed_lessons(new, replay, 1.0, 100, rng())
    assert only_new.examples == 5
    assert only_old.examples == 5
    assert min(np.concatenate([batch.item for batch in only_new.batches()])) >= 1000
    assert max(np.concatenate([batch.item for batch in only_old.batches()])) < 1000
    nothing_old = mixed_lessons(new, Replay(histories()), 0.5, 100, rng())
    assert nothing_old.examples == 5
    nothing_new = mixed_lessons(histories(), replay, 0.5, 100, rng())
    assert nothing_new.examples == 0
    assert list(nothing_new.batches()) == []
