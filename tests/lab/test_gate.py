"""A candidate is judged before it may answer."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import penchant
from penchant.core import UsageError
from penchant.data import questions_at
from penchant.engine import Recommender, by_name
from penchant.lab.gate import GateConfig, judge

CONFIG = GateConfig(least=20, segment=10_000, slower=100)


@pytest.fixture(scope="module")
def stream():
    """People of three tastes, each with 12 events; the last two are the newest."""
    rng = np.random.default_rng(3)
    rows = []
    for user in range(150):
        own = rng.permutation(20)[:12]
        for place, n in enumerate(own.tolist()):
            rows.append((f"u{user}", f"i{20 * (user % 3) + n}", 1e9 + 1e4 * place + user))
    events = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")
    names = ("sea", "war", "love")
    items = [{"item_id": f"i{n}", "title": f"film {n} of {names[n // 20]}"} for n in range(60)]
    return penchant.read(events, pl.DataFrame(items))


@pytest.fixture(scope="module")
def asked(stream):
    """The training part, the questions about the newest events, and those about older ones."""
    events = stream.interactions.events
    place = np.arange(len(events.item)) - np.repeat(events.indptr[:-1], events.lengths)
    trained = place < 10
    left = stream.interactions.with_events(events.where(trained))
    newest = questions_at(stream.interactions, np.flatnonzero(~trained), trained)
    older = questions_at(stream.interactions, np.flatnonzero(place == 9), trained)
    return replace(stream, interactions=left), newest, older


@pytest.fixture(scope="module")
def good(asked):
    return by_name("item-knn").fit(asked[0])


@pytest.fixture(scope="module")
def poor(asked):
    return by_name("random").fit(asked[0])


def test_a_better_candidate_passes(good, poor, asked):
    verdict = judge(poor, good, asked[1], config=replace(CONFIG, overlap=0))
    assert verdict.passed, verdict.reasons
    assert verdict.newest.low > 0


def test_the_same_model_passes(good, asked):
    verdict = judge(good, good, asked[1], asked[2], CONFIG)
    assert verdict.passed, verdict.reasons
    assert verdict.newest.gap == 0
    assert verdict.figures["overlap"] == 1
    assert verdict.older.share == 1


def test_a_worse_candidate_is_refused_with_its_figures(good, poor, asked):
    verdict = judge(good, poor, asked[1], config=CONFIG)
    assert not verdict.passed
    assert "worse on the newest events" in verdict.reasons[0]
    assert verdict.newest.high < 0
    assert verdict.to_json()["newest"]["candidate"] == verdict.newest.candidate


def test_too_few_events_decide_nothing(good, poor, asked):
    verdict = judge(poor, good, asked[1][np.arange(5)], config=CONFIG)
    assert verdict.undecided
    assert not verdict.passed


def test_a_loss_that_may_be_chance_passes_up_to_the_margin(good, asked):
    """Models that differ by noise only: which of them is better is not known."""

    def noisy(seed):
        return _with_scores(
            good, lambda s: s * np.random.default_rng(seed).uniform(0.5, 1.5, s.shape)
        )

    both = [noisy(0), noisy(1)]
    if judge(*both, asked[1], config=CONFIG).newest.gap > 0:
        both.reverse()
    found = judge(*both, asked[1], config=CONFIG)
    assert found.newest.gap < 0 < found.newest.high
    assert found.passed, found.reasons
    strict = judge(*both, asked[1], config=replace(CONFIG, margin=0.0))
    assert "may be chance" in strict.reasons[0]


def test_equals_are_seldom_refused(good, asked):
    """Twenty candidates as good as the serving model: about a tenth is refused, not half of them."""

    def noisy(seed):
        return _with_scores(
            good, lambda s: s * np.random.default_rng(seed).uniform(0.5, 1.5, s.shape)
        )

    serving = noisy(100)
    passed = sum(judge(serving, noisy(seed), asked[1], config=CONFIG).passed for seed in range(20))
    assert passed >= 14


def test_forgetting_is_refused(good, poor, asked):
    verdict = judge(good, poor, asked[1], asked[2], CONFIG)
    assert any("forgot" in reason for reason in verdict.reasons)


def test_a_score_that_is_no_number_is_refused(good, asked):
    def spoiled(scores):
        scores = scores.copy()
        scores[:, ::2] = np.nan
        return scores

    verdict = judge(good, _with_scores(good, spoiled), asked[1], config=CONFIG)
    assert "not a number" in verdict.reasons[0]


def test_an_infinite_score_is_refused(good, asked):
    def spoiled(scores):
        return np.where(np.arange(scores.shape[1]) == 7, np.inf, scores)

    verdict = judge(good, _with_scores(good, spoiled), asked[1], config=CONFIG)
    assert "a score is not a number." in verdict.reasons


def test_an_item_that_is_pushed_is_refused(good, asked):
    def pushed(scores):
        scores = scores.copy()
        scores[:, 0] = 1e6
        return scores

    verdict = judge(good, _with_scores(good, pushed), asked[1], config=replace(CONFIG, margin=1))
    assert any("pushing" in reason for reason in verdict.reasons), verdict
    assert verdict.figures["risen"] > 0.3


def test_texts_cut_off_are_refused(asked):
    model = by_name("popularity").fit(asked[0])
    short = replace(model.catalogue, texts=tuple(t[:4] for t in model.catalogue.texts))
    candidate = Recommender(model.model, short, model.interactions)
    verdict = judge(model, candidate, asked[1], config=CONFIG)
    assert any("cut off" in reason for reason in verdict.reasons)


def test_a_segment_that_suffers_is_refused(good, asked):
    """Better for two tastes, ruined for the third, which the serving model never learned."""
    train, newest, _ = asked
    known = np.arange(len(train.interactions.users)) % 3 != 2
    left = train.interactions.events.where(known[train.interactions.events.row])
    data = replace(train, interactions=train.interactions.with_events(left))
    serving = by_name("item-knn").fit(data)
    slices = np.where(np.char.endswith(np.array(newest.request_ids), "1"), "a", "b")
    parts = replace(newest, slices=tuple(slices.tolist()))
    ruined = _with_scores(serving, lambda s: -s)
    verdict = judge(serving, ruined, parts, config=replace(CONFIG, segment=10))
    assert any(reason.startswith("it is worse for") for reason in verdict.reasons)


def test_a_segment_of_a_few_people_is_not_judged(good, asked):
    _, newest, _ = asked
    slices = np.full(len(newest), "many")
    slices[:12] = "one"
    parts = replace(
        newest,
        slices=tuple(slices.tolist()),
        request_ids=tuple("x:one" if n < 12 else name for n, name in enumerate(newest.request_ids)),
    )
    verdict = judge(good, good, parts, config=replace(CONFIG, segment=10))
    assert "many" in verdict.segments
    assert "one" not in verdict.segments


def test_a_candidate_that_is_much_slower_is_refused(good, asked):
    def slow(scores):
        for _ in range(40):
            np.sort(np.random.default_rng(0).random(200_000))
        return scores

    verdict = judge(good, _with_scores(good, slow), asked[1], config=replace(CONFIG, slower=2.0))
    assert verdict.figures["slower"] > 2
    assert any("times as long" in reason for reason in verdict.reasons)


def test_limits_are_checked():
    with pytest.raises(UsageError, match="margin"):
        GateConfig(margin=2)


def _with_scores(model, change):
    """The model with other scores."""

    class Changed:
        def __init__(self, inner):
            self._inner = inner

        def __getattr__(self, name):
            return getattr(self._inner, name)

        def score(self, requests):
            return change(self._inner.score(requests)).astype(np.float32)

    return Recommender(Changed(model.model), model.catalogue, model.interactions)
