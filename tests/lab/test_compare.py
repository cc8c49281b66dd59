"""Comparison: equal treatment, paired tests, one table, one page."""

import gc
import json
import math
import re
import subprocess
import sys
import weakref
from html.parser import HTMLParser
from typing import ClassVar

import numpy as np
import pytest

from penchant.core import SeenEvents, UsageError
from penchant.engine import Estimator, by_name
from penchant.lab import compare, evaluate
from penchant.lab.charts import Scale
from penchant.metrics import holm, paired
from penchant.models import Popularity, PopularityConfig

NAMES = ("random", "popularity", "item-knn")


@pytest.fixture(scope="module")
def found(parts):
    return compare(NAMES, *parts, trials=2, ks=(5, 10), seed=3)


def test_models_stand_best_first_with_the_figures_of_evaluate(found, parts):
    means = [entry.evaluation.metrics["NDCG@5"].mean for entry in found.entries]
    assert means == sorted(means, reverse=True)
    assert {entry.name for entry in found.entries} == set(NAMES)
    (popular,) = (e for e in found.entries if e.name == "popularity")
    alone = evaluate(by_name("popularity").fit(parts[0]), parts[1], ks=(5, 10), seed=3)
    assert popular.evaluation.metrics == alone.metrics


def test_every_pair_is_tested_and_corrected_together(found):
    assert len(found.pairs) == math.comb(len(NAMES), 2)
    value = {e.name: e.evaluation.values["NDCG@5"] for e in found.entries}
    for pair in found.pairs:
        assert pair.difference == paired(value[pair.first], value[pair.second], 3)
        assert pair.difference.gap >= 0
    expected = holm(np.array([pair.difference.p for pair in found.pairs]))
    assert [pair.p_holm for pair in found.pairs] == expected.tolist()


def test_costs_are_measured(found):
    for entry in found.entries:
        assert entry.fit_seconds >= 0
        assert entry.tune_seconds > 0
        assert entry.speed > 0
        assert entry.memory > 10 << 20  # Python alone holds more than 10 MiB
    assert {e.name: len(e.trials) for e in found.entries}["item-knn"] == 2


def test_the_table_has_a_line_for_each_model_and_names_its_units(found):
    page = str(found)
    for name in NAMES:
        assert len(re.findall(rf"^{name} ", page, re.MULTILINE)) == 2
    for word in ("NDCG@5", "HR@5", "p (Holm)", "peak memory MiB", "requests/s", "tune s"):
        assert word in page
    best = found.best.evaluation.metrics["NDCG@5"]
    assert f"{best.mean:.4f}  [{best.low:.4f}, {best.high:.4f}]" in page


def test_the_table_fits_a_terminal_whatever_the_model(parts):
    named = {"recent-popularity": "popularity", "text-sequence": "random", "b": "item-knn"}
    page = str(compare(named, *parts))
    assert max(map(len, page.splitlines())) <= 80


def test_the_json_is_plain_and_complete(found):
    document = json.loads(json.dumps(found.to_json()))
    assert document["best"] == found.best.name
    model = document["models"]["item-knn"]
    assert {"metrics", "slices", "settings", "fit_seconds", "peak_memory_bytes"} <= set(model)
    assert {"first", "second", "gap", "ci95", "p", "p_holm"} == set(document["pairs"][0])
    assert document["versions"]["penchant"]
    assert document["data"]["test requests"] == document["requests"]


def test_several_seeds_are_averaged_request_by_request(parts):
    both = compare(["random"], *parts, seeds=(0, 1)).best
    one, two = (compare(["random"], *parts, seed=s).best for s in (0, 1))
    expected = (one.evaluation.values["HR@10"] + two.evaluation.values["HR@10"]) / 2
    np.testing.assert_allclose(both.evaluation.values["HR@10"], expected)
    assert both.by_seed == {
        0: one.evaluation.metrics["NDCG@10"].mean,
        1: two.evaluation.metrics["NDCG@10"].mean,
    }
    assert both.evaluation.metrics["HR@10"].mean == pytest.approx(expected.mean())
    assert set(both.evaluation.slices) == set(one.evaluation.slices)


def test_recommenders_can_be_kept(parts):
    kept = {}
    compare({"mine": "popularity"}, *parts, keep=kept.__setitem__)
    assert kept["mine"].recommend(history=["i0"], k=2)


def test_two_settings_of_one_model_need_names(parts):
    two = [by_name("item-knn"), by_name("item-knn")]
    with pytest.raises(UsageError, match="Two models are called 'item-knn'"):
        compare(two, *parts)
    named = compare(dict(zip(("a", "b"), two, strict=True)), *parts)
    assert named.pairs[0].difference.p == 1


def test_wrong_calls_are_refused_before_anything_is_trained(parts, data):
    with pytest.raises(UsageError, match="no model to compare"):
        compare([], *parts)
    with pytest.raises(UsageError, match="'NDCG@7' is not measured"):
        compare(["popularity"], *parts, metric="NDCG@7")
    with pytest.raises(UsageError, match=r"ks=\[0, 5\]: the lengths"):
        compare(["popularity"], *parts, ks=(5, 0))
    for seeds in ((), (1, 1)):
        with pytest.raises(UsageError, match="at least one seed, and none of them twice"):
            compare(["popularity"], *parts, seeds=seeds)
    with pytest.raises(UsageError, match="left no requests"):
        compare(["popularity"], parts[0], parts[1][np.zeros(0, np.int64)])
    with pytest.raises(SeenEvents):
        compare(["popularity"], data, parts[1])


def test_one_model_is_held_at_a_time(parts):
    class Counted(Popularity):
        held: ClassVar = weakref.WeakSet()
        most: ClassVar = 0

        @classmethod
        def fit(cls, config, train, seed=0):
            gc.collect()
            model = super().fit(config, train, seed)
            cls.held.add(model)
            cls.most = max(cls.most, len(cls.held))
            return model

    two = {name: Estimator(Counted, PopularityConfig()) for name in ("a", "b")}
    compare(two, *parts, trials=1, seeds=(0, 1, 2))
    assert Counted.most == 1


def test_progress_is_seen_while_settings_are_tried(parts, capsys):
    compare(["item-knn"], *parts, trials=2)
    said = capsys.readouterr().err
    assert "compare:" in said
    assert "tune item-knn:" in said


class Page(HTMLParser):
    """Open tags, what they need from outside, and texts."""

    void = frozenset({"meta", "line", "circle", "rect"})

    def __init__(self, text):
        super().__init__()
        self.open, self.outside, self.unlabelled, self.heads = [], [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.outside += [attrs[a] for a in ("src", "href", "srcset") if a in attrs]
        if attrs.get("role") in ("img", "region") and not attrs.get("aria-label"):
            self.unlabelled.append(tag)
        self.heads += tag == "th" and "scope" in attrs
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_report_is_one_whole_page_that_needs_nothing_else(found, tmp_path):
    path = found.report(tmp_path / "report.html")
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert page.open == []
    assert page.outside == []
    assert page.unlabelled == []
    assert page.heads > 20
    assert "url(" not in text
    assert "@import" not in text
    assert "nan%" not in text
    for name in NAMES:
        assert name in text
    assert "prefers-color-scheme: dark" in text
    assert f"{found.best.evaluation.metrics['NDCG@5'].mean:.4f}" in text


def test_a_report_is_written_whole_or_not_at_all(found, tmp_path, monkeypatch):
    path = found.report(tmp_path / "report.html")
    before = path.read_bytes()

    def cut(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr("os.fsync", cut)
    with pytest.raises(OSError, match="disk is full"):
        found.report(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_report_says_which_items_were_ranked(found, data, tmp_path):
    whole = found.report(tmp_path / "whole.html").read_text(encoding="utf-8")
    assert "Every item of the catalogue was ranked" in whole
    cold = compare(["popularity"], *data.split("cold-items:0.3"))
    some = cold.report(tmp_path / "cold.html").read_text(encoding="utf-8")
    assert "Every item of the catalogue that may be ranked was ranked" in some


def test_the_report_says_how_long_a_search_could_take(parts, tmp_path):
    short = compare(["item-knn"], *parts, trials=3, budget=0.0)
    assert len(short.best.trials) == 1
    text = short.report(tmp_path / "short.html").read_text(encoding="utf-8")
    assert "as many of them as began within 0.00 seconds" in text


def test_a_report_of_one_model_and_of_hostile_names(parts, tmp_path):
    one = compare({"<script>alert(1)</script>": "popularity"}, *parts)
    text = one.report(tmp_path / "one.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert Page(text).open == []


@pytest.mark.parametrize("values", [[0.0], [0.1, 0.5], [-0.3, 0.02], [12.0, 900.0], [1e-5, 2e-5]])
def test_a_scale_holds_its_values_and_a_few_round_ticks(values):
    scale = Scale.around(values)
    assert all(0 <= scale.at(value) <= 100 for value in values)
    ticks = scale.ticks()
    assert 2 <= len(ticks) <= 8
    assert len({text for _, text in ticks}) == len(ticks)
    assert any(value == 0 for value, _ in ticks)


def test_peak_memory_sees_what_was_held_and_given_back():
    """In a process of its own: here others' garbage may go just then."""
    code = """
import numpy as np
from penchant.lab.measure import PeakMemory
with PeakMemory() as before:
    pass
with PeakMemory() as during:
    held = np.ones(30_000_000)  # 240 MB
    for _ in range(50):
        held.sum()
    del held
print(during.bytes - before.bytes)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 150e6


def test_the_report_draws_how_training_went(parts, tmp_path):
    small = {"dim": 8, "layers": 1, "epochs": 3, "refit": False}
    found = compare({"net": by_name("sasrec", **small), "popular": "popularity"}, *parts)
    curves = {entry.name: entry.curve for entry in found.entries}
    assert len(curves["net"]) == 3
    assert curves["popular"] == ()
    found.report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    best = max(curves["net"])
    assert f"{best:.4f} in epoch {curves['net'].index(best) + 1}" in page
    assert page.count("Validation of ") == 1
