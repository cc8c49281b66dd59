"""Evaluation: every item ranked, intervals, slices, and no test events in training."""

import importlib.util
import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from penchant.core import UNKNOWN, SeenEvents, UsageError
from penchant.engine import by_name
from penchant.lab import evaluate
from penchant.lab.slices import bands

ROOT = Path(__file__).parents[2]
ACCURACY = {"HR", "NDCG", "MRR", "recall", "precision", "MAP"}


@pytest.fixture(scope="module")
def referee():
    path = ROOT.parent / "shared" / "referee" / "referee.py"
    if not path.is_file():
        pytest.skip("no referee.py beside the checkout (shared/referee)")
    spec = importlib.util.spec_from_file_location("referee", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lists_of(model, test, k):
    names = test.requests.items
    lists = []
    for _, codes, _ in model.rank(test.requests, k, test.candidates):
        lists += [names.names(row[row >= 0]) for row in codes]
    return lists


@pytest.mark.parametrize("name", ["popularity", "item-knn"])
@pytest.mark.parametrize("protocol", ["leave-last-out", "time:0.3", "cold-items:0.3"])
def test_each_request_scores_as_the_referee_scores_it(data, referee, tmp_path, protocol, name):
    train, test = data.split(protocol)
    model = by_name(name).fit(train)
    items = test.requests.items
    truth = {i: items.names(test.truth.items_of(n)) for n, i in enumerate(test.request_ids)}
    past = {
        i: set(items.names(test.requests.history.items_of(n)))
        for n, i in enumerate(test.request_ids)
    }
    allowed = None if test.candidates is None else set(items.names(test.candidates))
    ranked = tmp_path / "ranked.jsonl"
    with ranked.open("w") as out:
        for request, listed in zip(test.request_ids, lists_of(model, test, 5), strict=True):
            out.write(json.dumps({"request_id": request, "items": listed}) + "\n")
    theirs, shown, _ = referee.per_request(str(ranked), truth, past, allowed, 5)
    ours = evaluate(model, test, ks=(5,))
    expected = np.array([theirs[i] for i in test.request_ids])
    assert len(test) > 5
    np.testing.assert_allclose(ours.values["HR@5"], expected[:, 0], atol=1e-12)
    np.testing.assert_allclose(ours.values["NDCG@5"], expected[:, 1], atol=1e-12)
    total = len(items) if allowed is None else len(allowed)
    assert ours.exposure["coverage@5"] == pytest.approx(len(shown) / total)


def test_the_tail_is_the_referees_tail(parts, popular):
    train, test = parts
    events, items = train.interactions.events, train.catalogue.items
    popularity = Counter(items.names(events.item))
    half, tail = 0, set()
    for item in sorted(popularity, key=popularity.get):
        half += popularity[item]
        if half > sum(popularity.values()) / 2:
            break
        tail.add(item)
    expected = [
        all(i in tail or i not in popularity for i in items.names(test.truth.items_of(n)))
        for n in range(len(test))
    ]
    found = evaluate(popular, test)
    assert found.masks["tail-answer"].tolist() == expected
    assert 0 < found.slices["tail-answer"].requests == sum(expected) < len(test)


def test_head_tail_and_new_items_are_bands_of_the_training_events(parts):
    interactions = parts[0].interactions
    band, counts = bands(interactions), interactions.counts()
    assert ((band == 2) == (counts == 0)).all()
    assert counts[band == 1].max() <= counts[band == 0].min()
    half = counts.sum() / 2
    assert counts[band == 1].sum() <= half < counts[band == 1].sum() + counts[band == 0].min()


def test_the_result_has_every_metric_at_every_k_with_its_interval(parts, popular):
    found = evaluate(popular, parts[1], ks=(10, 5))
    per_request = {f"{m}@{k}" for m in (*ACCURACY, "novelty", "ILD") for k in (5, 10)}
    assert set(found.metrics) == per_request
    assert set(found.exposure) == {f"{m}@{k}" for m in ("coverage", "gini") for k in (5, 10)}
    for name, figure in found.metrics.items():
        assert figure.low <= figure.mean <= figure.high
        assert figure.mean == pytest.approx(found.values[name].mean())
    assert found.metrics["HR@5"].low < found.metrics["HR@5"].high


def test_the_json_is_the_documented_shape(parts, popular):
    found = json.loads(json.dumps(evaluate(popular, parts[1]).to_json()))
    figure = found["metrics"]["NDCG@10"]
    assert set(figure) == {"mean", "ci95"}
    assert len(figure["ci95"]) == 2
    assert found["requests"] == len(parts[1])
    assert found["seen"] == 0
    warm = found["slices"]["warm-item"]
    assert warm["requests"] <= found["requests"]
    assert set(warm["NDCG@10"]) == {"mean", "ci95"}


def test_new_users_and_histories_stand_apart(data):
    train, test = data.split("time:0.3")
    found = evaluate(by_name("item-knn").fit(train), test)
    assert {"new-user", "warm-user", "history-5-9"} <= set(found.slices)
    assert found.slices["new-user"].requests + found.slices["warm-user"].requests == len(test)
    lengths = test.requests.history.lengths
    expected = int(((lengths >= 5) & (lengths <= 9)).sum())
    assert found.slices["history-5-9"].requests == expected
    by_length = [p.requests for n, p in found.slices.items() if n.startswith("history-")]
    assert sum(by_length) == len(test)


def test_cold_answers_are_those_without_training_events(data):
    train, test = data.split("cold-items:0.3")
    found = evaluate(by_name("popularity").fit(train), test)
    assert found.slices["cold-item"].requests == len(test)
    assert "warm-item" not in found.slices
    assert found.candidates == len(test.candidates)


def test_a_model_that_was_trained_on_the_answers_is_refused(data, parts):
    cheat = by_name("popularity").fit(data)
    with pytest.raises(SeenEvents, match=r"trained on \d+ of the \d+ held-out events") as refusal:
        evaluate(cheat, parts[1])
    assert "allow_seen" in str(refusal.value)
    marked = evaluate(cheat, parts[1], allow_seen=True)
    assert marked.seen == len(parts[1].truth.item)
    assert marked.to_json()["seen"] == marked.seen
    assert "NOT A TEST" in str(marked)


def test_the_batch_changes_nothing(parts, popular):
    whole, small = (evaluate(popular, parts[1], batch=b) for b in (512, 7))
    assert whole.to_json() == small.to_json()


def test_requests_that_get_no_list_are_counted_and_score_zero(parts, popular):
    class Mute(type(popular)):
        """Answers the first batch with nothing."""

        def rank(self, *args):
            for rows, codes, scores in super().rank(*args):
                yield rows, codes if rows.start else np.full_like(codes, UNKNOWN), scores

    mute = Mute(popular.model, popular.catalogue, popular.interactions)
    found = evaluate(mute, parts[1], batch=10)
    assert found.unanswered == 10
    assert not found.values["HR@10"][:10].any()
    assert found.values["HR@10"][10:].any()
    assert "10 requests went unanswered" in str(found)


def test_the_printed_page_names_metrics_and_slices(parts, popular):
    page = str(evaluate(popular, parts[1]))
    for word in ("popularity", "leave-last-out", "95 % interval", "NDCG@10", "tail-answer"):
        assert word in page
    assert not any(line != line.rstrip() for line in page.splitlines())


def test_diversity_reads_the_words_of_the_items(parts, popular):
    found = evaluate(popular, parts[1])
    assert 0 < found.metrics["ILD@10"].mean < 1
    assert found.metrics["novelty@10"].mean < math.log2(len(parts[0].interactions) + 40)


@pytest.mark.parametrize("ks", [(), (0,), (-1, 5)])
def test_a_list_length_below_one_is_refused(parts, popular, ks):
    with pytest.raises(UsageError, match="whole numbers from 1 up"):
        evaluate(popular, parts[1], ks=ks)


def test_an_empty_test_is_refused(parts, popular):
    with pytest.raises(UsageError, match="left no requests"):
        evaluate(popular, parts[1][np.zeros(0, np.int64)])
