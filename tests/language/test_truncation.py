"""A long text gives way in a stated order: properties, and the policies that ship."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.core import UsageError
from penchant.language import ITEM_ORDER, PROMPT_ORDER, fit_parts, load_backbone, token_counter
from penchant.testing import write_tiny_model


def words(text: str) -> int:
    return len(text.split())


text = st.lists(st.sampled_from(["war", "sea", "robot", "a"]), max_size=8).map(" ".join)
named = st.fixed_dictionaries(
    {"title": text, "history": st.lists(text.filter(bool), max_size=6), "description": text}
)
orders = st.permutations(["title", "history", "description"])


@given(named, orders, st.integers(0, 60))
def test_the_result_fits_and_is_part_of_what_was_given(parts, order, budget):
    cut = fit_parts(parts, budget, order, words)
    assert sum(map(words, [cut["title"], *cut["history"], cut["description"]])) <= budget
    assert list(cut) == list(parts)
    assert parts["title"].startswith(cut["title"])
    assert parts["description"].startswith(cut["description"])
    newest = parts["history"][len(parts["history"]) - len(cut["history"]) :]
    assert cut["history"] == newest


@given(named, orders, st.integers(0, 60))
def test_a_part_is_touched_only_when_those_before_it_are_gone(parts, order, budget):
    cut = fit_parts(parts, budget, order, words)
    touched = [name for name in order if cut[name] != parts[name]]
    for name in order[: order.index(touched[-1])] if touched else ():
        assert not cut[name]


@given(named, orders, st.integers(0, 60))
def test_not_one_word_more_would_have_fitted(parts, order, budget):
    cut = fit_parts(parts, budget, order, words)
    total = sum(map(words, [cut["title"], *cut["history"], cut["description"]]))
    touched = [name for name in order if cut[name] != parts[name]]
    if touched:
        last = touched[-1]
        gone = len(parts["history"]) - len(cut["history"]) - 1
        back = words(parts["history"][gone]) if last == "history" else 1
        assert total + back > budget


@given(named, orders)
def test_a_text_that_fits_is_not_changed(parts, order):
    assert fit_parts(parts, 1000, order, words) == parts


def test_the_history_loses_its_oldest_and_the_instruction_nothing():
    asked = {"instruction": "Liked:", "history": ["A", "B", "C"], "candidate": "D e f"}
    assert fit_parts(asked, 6, PROMPT_ORDER, words)["history"] == ["B", "C"]
    cut = fit_parts(asked, 3, PROMPT_ORDER, words)
    assert cut == {"instruction": "Liked:", "history": [], "candidate": "D e"}


def test_something_can_be_kept_of_a_part_whatever_happens():
    asked = {"instruction": "Liked:", "history": ["A", "B"], "candidate": "D e f"}
    cut = fit_parts(asked, 3, PROMPT_ORDER, words, keep={"history": 1})
    assert cut == {"instruction": "Liked:", "history": ["B"], "candidate": "D"}


def test_what_may_not_be_cut_and_does_not_fit_is_an_error():
    with pytest.raises(UsageError, match=r"4 tokens does not fit into 3.*'history', 'candidate'"):
        fit_parts({"instruction": "a b c d", "history": ["A"]}, 3, PROMPT_ORDER, words)


def test_chinese_is_cut_between_characters():
    film = {"title": "雨夜", "description": "讲述小女孩和她的狗"}
    cut = fit_parts(film, 5, ITEM_ORDER, lambda rendered: len(rendered.replace(" ", "")))
    assert cut == {"title": "雨夜", "description": "讲述小"}


def test_the_template_counts_too():
    parts = {"title": "Alien", "description": "a ship far away"}

    def render(given):
        return f"Film : {given['title']} . About : {given['description']}"

    cut = fit_parts(parts, 8, ITEM_ORDER, words, render)
    assert words(render(cut)) == 8
    assert cut["description"] == "a ship"


def test_with_a_model_s_own_tokens_nothing_is_left_for_the_tokenizer_to_cut(tmp_path):
    backbone = load_backbone(write_tiny_model(tmp_path / "m", "bert"), "cpu", length=30)
    count = token_counter(backbone.tokenizer)
    film = {"title": "The Red Comet", "description": "two planets fight over a comet " * 9}
    cut = fit_parts(film, backbone.length, ITEM_ORDER, count)
    rendered = f"{cut['title']} {cut['description']}"
    assert backbone.tokens([rendered])[0] == backbone.tokenizer(rendered)["input_ids"]
    assert 20 < count(rendered) <= 30
    assert cut["title"] == film["title"]
