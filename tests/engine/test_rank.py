"""Ranking many requests: the seam that the lab stands on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import penchant
from penchant.core import UNKNOWN, IdMap, Requests, Sequences
from penchant.engine import Estimator, Recommender
from penchant.testing import FakeConfig, FakeModel, tiny_dataset, tiny_requests


def whole(recommender, requests, k=5, **options):
    parts = list(recommender.rank(requests, k, **options))
    return np.concatenate([p[1] for p in parts]), np.concatenate([p[2] for p in parts])


def by_hand(recommender, requests, row, k):
    """The definition, a row at a time, with sorting in plain Python."""
    scores = recommender.model.score(requests)[row].tolist()
    seen = set(requests.history.items_of(row).tolist())
    best = sorted((-score, item) for item, score in enumerate(scores) if item not in seen)[:k]
    return [item for _, item in best]


def test_lists_are_the_best_unseen_items(recommender, data):
    requests = tiny_requests(data)
    codes, scores = whole(recommender, requests)
    assert codes.shape == scores.shape == (len(requests), 5)
    for row in range(len(requests)):
        assert codes[row].tolist() == by_hand(recommender, requests, row, 5)
    assert (np.diff(scores, axis=1) <= 0).all()


def test_without_candidates_every_list_is_empty(recommender, data):
    codes, scores = whole(recommender, tiny_requests(data), candidates=np.zeros(0, np.int32))
    assert (codes == UNKNOWN).all()
    assert np.isneginf(scores).all()


@pytest.mark.parametrize("wrong", [99, -2])
def test_a_candidate_that_is_no_item_is_refused(recommender, data, wrong):
    with pytest.raises(penchant.UsageError, match="codes of the 14 items"):
        whole(recommender, tiny_requests(data), candidates=np.array([0, wrong]))


@pytest.mark.parametrize("batch", [1, 7, 512])
def test_the_batch_size_changes_nothing(recommender, data, batch):
    requests = tiny_requests(data)
    codes, scores = whole(recommender, requests, batch=batch)
    expected, expected_scores = whole(recommender, requests)
    assert np.array_equal(codes, expected)
    assert np.array_equal(scores, expected_scores)


def test_the_slices_cover_the_requests_in_order(recommender, data):
    requests = tiny_requests(data)
    rows = [
        r
        for part, *_ in recommender.rank(requests, 3, batch=4)
        for r in range(part.start, part.stop)
    ]
    assert rows == list(range(len(requests)))


def foreign(requests: Requests) -> Requests:
    """The same questions in other codes, with a user and an item that nobody knows."""
    users = IdMap(["stranger", *reversed(requests.users.ids)])
    items = IdMap([*reversed(requests.items.ids), "unheard of"])
    return requests.aligned(users, items)


def test_requests_in_other_codes_get_the_same_lists_in_their_codes(recommender, data):
    requests = tiny_requests(data)
    other = foreign(requests)
    codes, scores = whole(recommender, requests)
    theirs, their_scores = whole(recommender, other)
    assert [other.items.names(row) for row in theirs] == [
        requests.items.names(row) for row in codes
    ]
    assert np.array_equal(scores, their_scores)


def test_candidates_are_in_the_codes_of_the_requests(recommender, data):
    other = foreign(tiny_requests(data))
    wanted = other.items.codes(["s2", "r2", "cold", "unheard of"])
    codes, _ = whole(recommender, other, k=4, candidates=wanted)
    for row, listed in enumerate(codes):
        seen = set(other.items.names(other.history.items_of(row)))
        assert set(other.items.names(listed[listed >= 0])) == {"s2", "r2", "cold"} - seen
        assert listed[-1] == UNKNOWN


def test_items_that_the_asker_lacks_are_not_listed(recommender, data):
    few = IdMap(["r1", "r2", "s1"])
    requests = tiny_requests(data).aligned(data.interactions.users, few)
    codes, _ = whole(recommender, requests, k=9)
    assert set(np.unique(codes)) <= {UNKNOWN, 0, 1, 2}
    assert (codes >= 0).any()


def test_no_candidate_leaves_empty_lists(recommender, data):
    codes, scores = whole(recommender, tiny_requests(data), candidates=np.zeros(0, np.int32))
    assert (codes == UNKNOWN).all()
    assert np.isneginf(scores).all()


def test_no_requests_give_no_lists(recommender, data):
    assert not list(recommender.rank(tiny_requests(data)[:0], 5))


def bare(requests: Requests, keep_items: bool) -> Requests:
    """What a requests file knows: items without times, or only the user."""
    lengths = requests.history.lengths * keep_items
    item = requests.history.item[: lengths.sum()]
    return replace(requests, history=Sequences.of_items(lengths, item))


class Recorder(FakeModel):
    """Keeps the last requests it was asked to score."""

    asked: Requests

    def score(self, requests):
        type(self).asked = requests
        return super().score(requests)


@pytest.mark.parametrize("keep_items", [True, False])
def test_a_known_user_is_scored_with_the_stored_events(data, keep_items):
    recorder = Estimator(Recorder, FakeConfig()).fit(data)
    known = tiny_requests(data, new_users=False)
    whole(recorder, bare(known, keep_items))
    stored = data.interactions.events[known.user]
    for part in ("indptr", "item", "time", "weight", "kind"):
        assert np.array_equal(getattr(Recorder.asked.history, part), getattr(stored, part)), part


def test_another_history_of_a_known_user_is_taken_as_it_is(data):
    recorder = Estimator(Recorder, FakeConfig()).fit(data)
    recorder.recommend(user="u2", history=["r1", "s1"])
    assert data.catalogue.items.names(Recorder.asked.history.item) == ["r1", "s1"]


def test_a_bare_history_is_dated_after_the_newest_training_event(data):
    recorder = Estimator(Recorder, FakeConfig()).fit(data)
    recorder.recommend(history=["r1", "s1"])
    newest = data.interactions.events.time.max()
    assert Recorder.asked.history.time.tolist() == [newest, newest + 1]


def test_a_request_beyond_the_models_abilities_has_an_empty_list(data):
    bpr = penchant.BPR(factors=2, iterations=1).fit(data)
    requests = tiny_requests(data)
    able = bpr.can_answer(requests)
    assert able.tolist() == [True] * 24 + [False, False]
    codes, _ = whole(bpr, requests)
    assert np.array_equal((codes >= 0).any(axis=1), able)
    with_words = replace(requests, queries=("love",) + (None,) * 25)
    assert bpr.can_answer(with_words).tolist() == [False] + [True] * 23 + [False, False]


def test_scores_are_taken_in_batches_that_fit_the_memory(data, monkeypatch):
    monkeypatch.setattr("penchant.engine.ranking.SCORES_A_BATCH", 3 * len(data.catalogue))
    model = Estimator(FakeModel, FakeConfig()).fit(data).model
    rows = [
        p[0]
        for p in Recommender(model, data.catalogue, data.interactions).rank(tiny_requests(data), 2)
    ]
    assert max(part.stop - part.start for part in rows) == 3


def test_popularity_on_duplicated_events_is_unchanged():
    once = penchant.Popularity().fit(tiny_dataset())
    twice = penchant.Popularity().fit(tiny_dataset(copies=2))
    requests = tiny_requests(tiny_dataset())
    assert np.array_equal(whole(once, requests)[0], whole(twice, requests)[0])
