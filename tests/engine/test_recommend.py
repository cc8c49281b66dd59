"""Asking for recommendations, in external ids."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import penchant
from penchant.core import TrainingFailed, Unsupported, UsageError
from penchant.engine import Recommender
from penchant.testing import FILMS, FakeConfig, FakeModel, tiny_dataset


def ids(found) -> list[str]:
    return [r.item for r in found]


def test_a_known_user_is_asked_about_by_name(recommender, data):
    stored = [data.catalogue.items.name(code) for code in data.interactions.events.items_of(2)]
    assert ids(recommender.recommend(user="u2")) == ids(
        recommender.recommend(user="u2", history=stored)
    )


def test_somebody_new_is_known_by_a_history(recommender):
    found = recommender.recommend(history=["s1", "s3"], k=4)
    assert len(found) == 4
    assert not {"s1", "s3"} & set(ids(found))
    assert found[0].item in {"s4", "cold", "s2"}


def test_words_are_enough(recommender):
    assert recommender.recommend(query="war of the robots in space", k=1)[0].item == "cold"


def test_a_recommendation_has_id_score_and_title(recommender):
    first, second = recommender.recommend(user="u2", k=2)
    assert first.text == FILMS[first.item].split(". ")[0]
    assert first.score >= second.score
    assert first.reasons == ()


def test_the_list_is_as_long_as_asked_or_as_what_is_left(recommender):
    assert len(recommender.recommend(user="u1", k=3)) == 3
    assert len(recommender.recommend(user="u1", k=99)) == len(FILMS) - 1


def test_exclude_and_candidates_by_id(recommender):
    best = ids(recommender.recommend(user="u2", k=3))
    assert ids(recommender.recommend(user="u2", k=2, exclude=[best[0], "unheard of"])) == best[1:]
    assert (
        ids(recommender.recommend(user="u2", candidates=[best[2], best[1], "unheard of"]))
        == best[1:]
    )


def test_what_was_seen_may_be_kept(recommender):
    assert "s1" in ids(recommender.recommend(history=["s1"], k=99, keep_seen=True))


def test_a_popularity_prior_answers_a_known_user_without_events(recommender):
    assert len(recommender.recommend(user="nobody", k=3)) == 3


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "Ask with a user, a history or a query"),
        ({"history": []}, "Ask with"),
        ({"query": "  "}, "Ask with"),
        ({"user": "u22x"}, "'u22x' is not one of the 25 users of the training events; near: 'u22'"),
        ({"history": ["s9"]}, "holds none of the ids given: 's9'"),
        ({"history": ["cald", "x"]}, "'cald' and 1 more; near: 'cold'"),
        ({"history": "s1"}, "must be a list of item ids"),
        ({"user": "u2", "candidates": ["s99"]}, "candidates: the catalogue of 14 items"),
        ({"user": "u2", "candidates": "s1"}, "candidates must be a list"),
        ({"user": "u2", "exclude": "s1"}, "exclude must be a list"),
        ({"history": 3}, "history must be a list of item ids, got 3"),
        ({"query": 3}, "query must be text, got 3"),
        ({"user": "u2", "k": 0}, "k and batch must be at least 1, got k=0"),
    ],
)
def test_a_wrong_question_is_answered_with_what_to_do(recommender, asked, words):
    with pytest.raises(UsageError) as caught:
        recommender.recommend(**asked)
    assert words in str(caught.value)


def test_ids_come_as_lists_arrays_and_columns(recommender):
    plain = recommender.recommend(history=["s1", "s2"], exclude=["s3"], k=3)
    for made in (np.array, pl.Series, tuple):
        again = recommender.recommend(history=made(["s1", "s2"]), exclude=made(["s3"]), k=3)
        assert again == plain


def test_whole_numbers_are_ids_as_they_are_in_files():
    events = pl.DataFrame({"user_id": [1, 1, 2], "item_id": [7, 8, 9], "timestamp": [1, 2, 3]})
    data = penchant.read(events, pl.DataFrame({"item_id": [7, 8, 9]}))
    model = penchant.Popularity().fit(data)
    assert model.recommend(user=1) == model.recommend(user="1")
    assert model.recommend(history=[7]) == model.recommend(history=["7"])


@pytest.mark.parametrize("candidates", [[], ["s1"]])
def test_no_candidate_left_is_an_empty_list(recommender, candidates):
    assert len(recommender.recommend(user="u2", candidates=candidates, exclude=["s1"])) == 0


def test_a_list_is_no_longer_than_the_catalogue_and_costs_no_more(recommender):
    everything = recommender.recommend(history=["s1"], k=10**9)
    assert len(everything) == len(recommender.catalogue) - 1


@pytest.mark.parametrize("seed", [-1, 2**32, 0.5, None])
def test_a_seed_that_is_none_is_refused(data, seed):
    with pytest.raises(UsageError, match="write a whole number from 0 to 4294967295"):
        penchant.Popularity().fit(data, seed=seed)


def test_a_model_says_what_it_cannot_do(data):
    bpr = penchant.BPR(factors=2, iterations=1).fit(data)
    for asked, words in [
        ({"history": ["s1"]}, "bpr ranks only for users with training events, and somebody new"),
        ({"user": "nobody"}, "and 'nobody' has none"),
        ({"query": "love"}, "bpr does not read words"),
    ]:
        with pytest.raises(Unsupported) as caught:
            bpr.recommend(**asked)
        assert words in str(caught.value)


def test_a_score_that_is_no_number_is_not_ranked(data):
    class Broken(FakeModel):
        def score(self, requests):
            return super().score(requests) * np.float32(np.nan)

    model = Broken.fit(FakeConfig(), data)
    with pytest.raises(TrainingFailed, match="fake gives a score that is not a number"):
        Recommender(model, data.catalogue, data.interactions).recommend(user="u2")


def test_nothing_to_learn_from_is_said():
    empty = tiny_dataset()
    none = empty.interactions.events.where(np.zeros(len(empty.interactions), bool))
    import dataclasses

    bare = dataclasses.replace(empty, interactions=empty.interactions.with_events(none))
    with pytest.raises(penchant.DataError, match="there are no training events"):
        penchant.Popularity().fit(bare)
