"""Items that an engine is told of after training."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.core import Unsupported, UsageError
from penchant.engine import Ask, Engine, Estimator, Past
from penchant.models import EaseConfig, by_name
from penchant.testing import FILMS, tiny_dataset

NEW = {"item_id": "new", "title": "War of robots in space", "price": 9.5}


@pytest.fixture(scope="module")
def engine(recommender):
    return Engine.of(recommender)


def ids(answer):
    return [item.item for item in answer.items]


def told(*items):
    return tuple(map(Past, items))


def test_a_new_item_is_listed_by_its_text_at_once(engine):
    after = engine.with_items([NEW])
    (found,) = after.answer([Ask(past=told("s1", "s2"), k=3)])
    assert "new" in ids(found)
    assert {item.item: item.text for item in found.items}["new"] == "War of robots in space"
    (words,) = after.answer([Ask(query="war of robots in space", k=4)])
    assert "new" in ids(words)
    assert ids(after.answer([Ask(similar_to="new", k=2)])[0])


def test_an_event_on_a_new_item_counts_at_once(engine):
    after = engine.with_items([NEW])
    nobody, somebody = after.answer([Ask(past=(), k=5), Ask(past=told("new"), k=5)])
    assert ids(somebody) != ids(nobody)
    assert "new" not in ids(somebody)


def test_users_keep_their_vectors_when_items_are_added_and_not_when_texts_change(recommender):
    engine = Engine.of(recommender)
    ask = Ask(past=told("s1", "s2"))
    engine.answer([ask])
    more = engine.with_items([NEW]).with_popularity({"new": 1.0})
    more.answer([ask])
    assert more.cached == (1, 1)
    changed = more.with_items([{"item_id": "s1", "title": "Love by the sea"}])
    changed.answer([ask])
    assert changed.cached == (0, 1)


def test_the_engine_before_lists_what_it_knew(engine):
    before = ids(engine.answer([Ask(past=told("s1"), k=14)])[0])
    after = engine.with_items([NEW]).with_items([{"item_id": "newer", "title": "Robots"}])
    assert ids(engine.answer([Ask(past=told("s1"), k=14)])[0]) == before
    assert set(ids(after.answer([Ask(past=told("s1"), k=20)])[0])) == {*before, "new", "newer"}


def test_an_engine_that_was_added_to_before_can_be_added_to_again(engine):
    one = engine.with_items([NEW])
    other = engine.with_items([{"item_id": "other", "title": "Love in Paris"}])
    assert "other" not in ids(one.answer([Ask(past=told("r1", "r2"), k=20)])[0])
    assert "other" in ids(other.answer([Ask(past=told("r1", "r2"), k=20)])[0])
    assert "new" not in ids(other.answer([Ask(past=told("s1", "s2"), k=20)])[0])


def test_a_known_item_takes_another_text_and_is_what_was_put_last(engine):
    priced = engine.with_items([{"item_id": "r6", "title": "Winter Piano", "price": 3.0}])
    assert priced.catalogue.texts[priced.catalogue.items.code("r6")] == "Winter Piano"
    after = priced.with_items([{"item_id": "r6", "title": "War of robots in space"}])
    assert "r6" in ids(after.answer([Ask(past=told("s1", "s2"), k=3)])[0])
    row = after.catalogue.table.row(after.catalogue.items.code("r6"), named=True)
    assert row["price"] is None
    assert ids(after.answer([Ask(past=told("s1"), filter={"price": {"max": 9}})])[0]) == []
    assert after.catalogue.titles[after.catalogue.items.code("r6")] == "War of robots in space"
    assert after.recommender.interactions.items.ids == tuple(FILMS)


def test_fields_that_are_put_can_be_filtered_by(engine):
    after = engine.with_items([NEW, {"item_id": "s3", "price": 20.0}])
    (found,) = after.answer([Ask(past=told("s1"), filter={"price": {"max": 10}})])
    assert ids(found) == ["new"]


def test_an_item_that_cannot_be_had_is_not_listed(engine):
    after = engine.with_items([{"item_id": "s4", "available": False}])
    asks = [Ask(past=told("s1", "s2"), k=14), Ask(similar_to="s1", k=14), Ask(k=14)]
    for found in after.answer(asks):
        assert "s4" not in ids(found)
    back = after.with_items([{"item_id": "s4", "available": True}])
    assert "s4" in ids(back.answer([Ask(past=told("s1", "s2"), k=14)])[0])


def test_an_item_that_loses_its_text_fills_lists_up_and_comes_back_with_it():
    model = by_name("text-mean")
    engine = Engine.of(Estimator(model, model.Config()).fit(tiny_dataset()))
    ask = Ask(past=told("s1", "s2"), k=14)

    def filling(engine):
        (found,) = engine.answer([ask])
        assert len(found.items) == len(FILMS) - 2
        return {one.item for one in found.decisions if one.item}

    assert filling(engine) == {"none"}  # which never had a text
    after = engine.with_items([{"item_id": "s4", "title": ""}])
    assert filling(after) == {"none", "s4"}
    assert filling(after.with_items([{"item_id": "s4", "title": "Robots"}])) == {"none"}


def test_values_unlike_those_of_other_items_are_refused(engine):
    priced = engine.with_items([{"item_id": "s1", "price": 3.0}])
    with pytest.raises(UsageError, match="'s2': price = 'cheap'"):
        priced.with_items([{"item_id": "s2", "price": "cheap"}])
    with pytest.raises(UsageError, match="item_id"):
        engine.with_items([{"title": "nameless"}])


def test_a_model_of_ids_takes_fields_and_refuses_new_items():
    engine = Engine.of(Estimator(by_name("ease"), EaseConfig()).fit(tiny_dataset()))
    after = engine.with_items([{"item_id": "s1", "genre": "space"}])
    (found,) = after.answer([Ask(past=told("s2"), filter={"genre": "space"})])
    assert ids(found) == ["s1"]
    with pytest.raises(Unsupported, match="text-sequence"):
        engine.with_items([NEW])


@pytest.mark.parametrize("name", ["text-sequence", "text-mean"])
def test_lists_are_those_of_a_recommender_with_the_same_items(name):
    from penchant.testing import tiny_catalogue

    small = {"dim": 8, "layers": 1, "epochs": 2} if name == "text-sequence" else {}
    recommender = Estimator(by_name(name), by_name(name).Config(**small)).fit(tiny_dataset())
    wanted = recommender.add_items(tiny_catalogue({"new": "War of robots in space"}))
    found = Engine.of(recommender).with_items([NEW])
    for past in (("s1", "new"), ("r1",)):
        lists = wanted.recommend(history=past, k=5)
        (answer,) = found.answer([Ask(past=told(*past), k=5)])
        assert ids(answer) == [r.item for r in lists]
        scores = [item.score for item in answer.items]
        assert np.allclose(scores, [r.score for r in lists], rtol=1e-4, atol=1e-5)
    changed = found.with_items([{"item_id": "s1", "title": "Love by the sea in Paris"}])
    one, other = found.answer([Ask(past=told("s1"))]), changed.answer([Ask(past=told("s1"))])
    assert one[0].items != other[0].items
