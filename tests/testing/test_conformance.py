"""The shipped kit passes a model that keeps the rules, and catches each way of breaking one."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from penchant.core import Abilities, Real
from penchant.testing import CHECKS, FILMS, Case, FakeConfig, FakeModel, tiny_dataset

counter = itertools.count(1)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_my_model(check):
    check(Case(FakeModel, FakeConfig()))


class KnownUsersOnly(FakeModel):
    """A model without a single ability."""

    name = "known-users-only"
    abilities = Abilities(new_users=False, new_items=False, queries=False)

    def score(self, requests):
        from penchant.models import no_queries

        no_queries(self.name, requests)
        return super().score(requests)

    def with_catalogue(self, catalogue):
        from penchant.models import no_new_items

        no_new_items(self.name)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_model_may_lack_every_ability(check):
    check(Case(KnownUsersOnly))


class BadName(FakeModel):
    name = "Bad Name"


class BadSpace(FakeModel):
    space: ClassVar = {"speed": Real(0, 1)}


@dataclass(frozen=True)
class ForgetfulConfig(FakeConfig):
    def __post_init__(self):
        object.__setattr__(self, "decay", self.decay / 2)


class Forgetful(FakeModel):
    Config = ForgetfulConfig


class NoSeed(FakeModel):
    @classmethod
    def fit(cls, config, train, seed=0):
        model = super().fit(config, train, seed)
        model.vectors = model.vectors + next(counter)
        return model


class NotAllSaved(FakeModel):
    def state(self):
        return {"vectors": self.vectors, "prior": self.prior * 0}


class WritesIntoTheData(FakeModel):
    @classmethod
    def fit(cls, config, train, seed=0):
        train.interactions.events.weight[:] = 7
        return super().fit(config, train, seed)


class WritesIntoTheTimes(FakeModel):
    @classmethod
    def fit(cls, config, train, seed=0):
        train.interactions.events.value[:] = 7
        return super().fit(config, train, seed)


class DividesByTexts(FakeModel):
    @classmethod
    def fit(cls, config, train, seed=0):
        model = super().fit(config, train, seed)
        with np.errstate(all="ignore"):
            model.vectors = model.vectors / np.abs(model.vectors).max()
        return model


class NeedsDistinctEvents(FakeModel):
    @classmethod
    def fit(cls, config, train, seed=0):
        events = train.interactions.events
        model = super().fit(config, train, seed)
        pairs = set(zip(events.row.tolist(), events.item.tolist(), strict=True))
        if len(events.item) > 1.5 * len(pairs) and len(train.catalogue) > 1:
            model.prior = model.prior * np.nan
        return model


class NeedsTwoItems(FakeModel):
    @classmethod
    def fit(cls, config, train, seed=0):
        if len(train.catalogue) < 2:
            raise ValueError("high <= 0")
        return super().fit(config, train, seed)


class MovesOldItems(FakeModel):
    def with_catalogue(self, catalogue):
        model = super().with_catalogue(catalogue)
        model.vectors = model.vectors - model.vectors.mean(axis=0)
        return model


class ForgetsNewItems(FakeModel):
    @classmethod
    def restore(cls, config, state, catalogue, interactions):
        model = super().restore(config, state, catalogue, interactions)
        if len(catalogue) > 14:
            model.vectors[14:] = 0
        return model


class ClaimsNewItems(KnownUsersOnly):
    def with_catalogue(self, catalogue):
        return self


class DoubleScores(FakeModel):
    def score(self, requests):
        return super().score(requests).astype(np.float64)


class NanScores(FakeModel):
    def score(self, requests):
        scores = super().score(requests)
        scores[:, 3] = np.nan
        return scores


class InfiniteScores(FakeModel):
    def score(self, requests):
        scores = super().score(requests)
        scores[:, 3] = np.inf
        return scores


class BatchMean(FakeModel):
    def score(self, requests):
        scores = super().score(requests)
        return scores - scores.mean() if len(scores) else scores


class OrderMatters(FakeModel):
    def score(self, requests):
        scores = super().score(requests)
        return scores + np.arange(len(scores), dtype=np.float32)[:, None]


class SharesItsScores(FakeModel):
    def score(self, requests):
        if not hasattr(self, "kept") or len(self.kept) != len(requests):
            self.kept = super().score(requests)
        return self.kept


class WritesIntoTheRequests(FakeModel):
    def score(self, requests):
        scores = super().score(requests)
        requests.history.weight[:] = 0
        return scores


class NeedsAHistory(FakeModel):
    def score(self, requests):
        scores = super().score(requests)
        scores[requests.history.lengths == 0] = np.nan
        return scores


class RefusesNewUsers(FakeModel):
    def score(self, requests):
        scores = super().score(requests)
        scores[requests.user < 0] = -np.inf
        return scores


class DeafToWords(FakeModel):
    def score(self, requests):
        from dataclasses import replace

        return super().score(replace(requests, queries=None))


class AnswersWordsAnyway(KnownUsersOnly):
    def score(self, requests):
        return FakeModel.score(self, requests)


class LongItemVectors(FakeModel):
    def item_vectors(self):
        return super().item_vectors() * 2


class VectorsForEveryCall(FakeModel):
    def item_vectors(self):
        return super().item_vectors().copy()


class VectorsOfTheBatch(FakeModel):
    def user_vectors(self, requests):
        return super().user_vectors(requests) * max(1, len(requests))


class PopularForNobody(FakeModel):
    def score(self, requests):
        scores = super().score(requests)
        scores[requests.history.lengths == 0] = self.prior
        return scores


class ReadsTextsOfAnyLength(FakeModel):
    def read(self, texts):
        return super().read(texts) * 3


class BlanksAreSomething(FakeModel):
    def read(self, texts):
        return super().read([text if text.strip() else "a" for text in texts])


class WritesOverItsTexts(FakeModel):
    def with_texts(self, items, texts):
        self.vectors[items] = super().with_texts(items, texts).vectors[items]
        return self


class ForgetsItsCatalogue(FakeModel):
    """Fitted again on more items, it scores those of before only."""

    def score(self, requests):
        scores = super().score(requests).copy()
        scores[:, len(FILMS) :] = -np.inf
        return scores


class KeepsItsTexts(FakeModel):
    def with_texts(self, items, texts):
        return self


BROKEN = [
    (BadName, "declares_itself"),
    (BadSpace, "declares_itself"),
    (Forgetful, "settings_round_trip"),
    (NoSeed, "same_seed_same_model"),
    (NotAllSaved, "saved_and_loaded_the_same"),
    (WritesIntoTheData, "training_data_unchanged"),
    (WritesIntoTheTimes, "training_data_unchanged"),
    (DividesByTexts, "empty_texts"),
    (NeedsDistinctEvents, "duplicate_events"),
    (NeedsTwoItems, "single_item_catalogue"),
    (MovesOldItems, "new_items_placed_or_refused"),
    (ForgetsNewItems, "new_items_placed_or_refused"),
    (ClaimsNewItems, "new_items_placed_or_refused"),
    (DoubleScores, "scores_are_numbers"),
    (NanScores, "scores_are_numbers"),
    (InfiniteScores, "scores_are_numbers"),
    (BatchMean, "scores_do_not_depend_on_the_batch"),
    (OrderMatters, "scores_do_not_depend_on_the_batch"),
    (SharesItsScores, "scores_are_fresh"),
    (WritesIntoTheRequests, "requests_unchanged"),
    (NeedsAHistory, "empty_history"),
    (RefusesNewUsers, "unknown_user"),
    (DeafToWords, "queries_answered_or_refused"),
    (AnswersWordsAnyway, "queries_answered_or_refused"),
    (LongItemVectors, "vectors_give_the_scores"),
    (VectorsForEveryCall, "vectors_are_made_once"),
    (VectorsOfTheBatch, "vectors_are_made_once"),
    (PopularForNobody, "nobody_has_no_vector"),
    (ReadsTextsOfAnyLength, "texts_have_vectors"),
    (BlanksAreSomething, "texts_have_vectors"),
    (WritesOverItsTexts, "texts_can_be_changed"),
    (KeepsItsTexts, "texts_can_be_changed"),
    (ForgetsItsCatalogue, "learns_on_from_new_events"),
]


@pytest.mark.parametrize(("model", "name"), BROKEN, ids=[model.__name__ for model, _ in BROKEN])
def test_a_broken_rule_is_caught(model, name):
    (check,) = [check for check in CHECKS if check.__name__ == name]
    with pytest.raises((AssertionError, ValueError)):
        check(Case(model))


ENGINE = {"unknown_items", "history_excluded", "k_larger_than_the_catalogue", "candidates_only"}
"""Rules that the engine keeps for every model: broken there, below."""


def test_every_rule_of_a_model_has_a_model_that_breaks_it():
    assert {name for _, name in BROKEN} | ENGINE == {check.__name__ for check in CHECKS}


@pytest.mark.parametrize(
    ("name", "place", "broken"),
    [
        ("history_excluded", "ranking._scores", lambda *a: broken_scores(a, keep_seen=True)),
        ("candidates_only", "ranking._allowed", lambda theirs, *a: np.flatnonzero(theirs >= 0)),
        ("k_larger_than_the_catalogue", "ranking.top_k", lambda s, k: padded_with_zero(s, k)),
        ("unknown_items", "asking.known_codes", lambda names, items, what: abs(items.codes(names))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_rule_broken_by_the_engine_is_caught(name, place, broken, monkeypatch):
    (check,) = [check for check in CHECKS if check.__name__ == name]
    monkeypatch.setattr(f"penchant.engine.{place}", broken)
    with pytest.raises(AssertionError):
        check(Case(FakeModel))


def broken_scores(given, keep_seen):
    model, part, allowed, _ = given
    return np.asarray(model.score(part), np.float32)[:, allowed]


def padded_with_zero(scores, k):
    from penchant.core import top_k

    codes, best = top_k(scores, k)
    return np.maximum(codes, 0), best


def test_a_case_is_fitted_once():
    assert Case(FakeModel, FakeConfig(0.5)).fitted is Case(FakeModel, FakeConfig(0.5)).fitted


def test_the_tiny_data_set_has_every_oddity():
    data = tiny_dataset()
    events = data.interactions.events
    lengths = events.lengths
    assert lengths.min() == 0
    assert 1 in lengths
    pairs = list(zip(events.row.tolist(), events.item.tolist(), strict=True))
    assert len(set(pairs)) < len(pairs)
    assert "" in data.catalogue.texts
    assert data.interactions.counts()[data.catalogue.items.code("cold")] == 0
    assert data.digest == tiny_dataset().digest
    for row in range(len(events)):
        times = events.time[events.indptr[row] : events.indptr[row + 1]]
        assert (np.diff(times) >= 0).all()
