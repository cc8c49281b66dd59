"""An engine's lists: those of the recommender inside it, arranged by a policy, for many at once."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest

from penchant.core import Unsupported, UsageError
from penchant.engine import Ask, Engine, Estimator, Past
from penchant.models import by_name, configure
from penchant.rank import PolicyConfig
from penchant.testing import FILMS, FakeConfig, FakeModel, tiny_dataset

SMALL = {
    "als": {"factors": 4, "iterations": 3},
    "bpr": {"factors": 4, "iterations": 5},
    "sasrec": {"dim": 8, "layers": 1, "epochs": 2},
    "ease": {},
    "item-knn": {},
    "popularity": {},
}


@pytest.fixture(scope="module")
def fitted():
    """``fitted("ease")``: a recommender on the tiny data set."""
    found = {}

    def fit(name: str):
        if name not in found:
            model = FakeModel if name == "fake" else by_name(name)
            config = FakeConfig() if name == "fake" else configure(model.Config, SMALL[name])
            found[name] = Estimator(model, config).fit(tiny_dataset())
        return found[name]

    return fit


@pytest.fixture(scope="module")
def engine(fitted):
    return Engine.of(fitted("fake"))


def ids(answer):
    return [item.item for item in answer.items]


def told(*items):
    return tuple(map(Past, items))


@pytest.mark.parametrize("name", ["fake", "als", "bpr", "sasrec", "ease"])
def test_a_known_user_gets_the_list_of_the_recommender(fitted, name):
    recommender = fitted(name)
    for user in ("u1", "u2", "u7"):
        wanted = recommender.recommend(user=user, k=4)
        (found,) = Engine.of(recommender).answer([Ask(user, k=4)])
        assert ids(found) == [r.item for r in wanted]
        assert np.allclose([i.score for i in found.items], [r.score for r in wanted], rtol=1e-4)
        assert [i.text for i in found.items] == [r.text for r in wanted]


@pytest.mark.parametrize("name", ["fake", "als", "sasrec", "ease"])
def test_somebody_new_gets_the_list_of_the_recommender_for_their_past(fitted, name):
    recommender = fitted(name)
    wanted = recommender.recommend(history=["s1", "s2", "no such item"], k=4)
    (found,) = Engine.of(recommender).answer([Ask("new", told("s1", "no such item", "s2"), k=4)])
    assert ids(found) == [r.item for r in wanted]
    assert np.allclose([i.score for i in found.items], [r.score for r in wanted], rtol=1e-4)


def test_words_are_answered_alone_and_beside_a_past(engine, fitted):
    for past in ((), ("r1", "r2")):
        wanted = fitted("fake").recommend(history=past, query="robots in space", k=5)
        (found,) = engine.answer([Ask(past=told(*past), query="robots in space", k=5)])
        assert ids(found) == [r.item for r in wanted]


def test_an_answer_does_not_depend_on_the_others_of_the_batch(engine):
    asks = [
        Ask("u2"),
        Ask(past=told("r1"), k=3),
        Ask(query="love by the sea"),
        Ask(similar_to="s1"),
        Ask("somebody"),
        Ask("u2", filter={"title": ["Red Comet", "Winter Piano"]}),
        Ask("u4", exclude=["s3"], explain=True),
    ]
    alone = [engine.answer([ask], now=0.0)[0] for ask in asks]
    for found, wanted in zip(engine.answer(asks, now=0.0), alone, strict=True):
        assert ids(found) == ids(wanted)
        assert found.decisions == wanted.decisions


def test_a_batch_is_one_call_of_the_model(fitted, monkeypatch):
    engine, calls = Engine.of(fitted("fake")), []
    own = FakeModel.user_vectors
    monkeypatch.setattr(
        FakeModel, "user_vectors", lambda self, asked: calls.append(len(asked)) or own(self, asked)
    )
    engine.answer([Ask("u2"), Ask("u3"), Ask(past=told("s1")), Ask("u2")])
    assert calls == [3]  # the same question is asked once


def test_a_users_vector_is_kept_until_their_next_event(fitted, monkeypatch):
    engine, calls = Engine.of(fitted("fake")), []
    own = FakeModel.user_vectors
    monkeypatch.setattr(
        FakeModel, "user_vectors", lambda self, asked: calls.append(len(asked)) or own(self, asked)
    )
    first = engine.answer([Ask("v", told("s1"))])
    assert engine.answer([Ask("v", told("s1"), k=3)])[0].items == first[0].items[:3]
    assert calls == [1]
    assert engine.cached == (1, 1)
    later = engine.answer([Ask("v", told("s1", "r1"))])
    assert calls == [1, 1]
    assert ids(later[0]) != ids(first[0])
    engine.forget()
    engine.answer([Ask("v", told("s1"))])
    assert calls == [1, 1, 1]


def test_time_and_kind_are_part_of_what_a_model_is_told(fitted):
    engine = Engine.of(fitted("sasrec"))
    engine.answer([Ask(past=(Past("s1", 1e9), Past("s2", 1e9 + 60)))])
    engine.answer([Ask(past=(Past("s1", 1e9), Past("s2", 1e9 + 61)))])
    assert engine.cached == (0, 2)


@pytest.mark.parametrize("name", ["fake", "sasrec", "ease", "popularity"])
def test_somebody_of_whom_nothing_is_known_gets_what_is_popular(fitted, name):
    recommender = fitted(name)
    counts = recommender.interactions.counts()
    (found,) = Engine.of(recommender).answer([Ask("stranger", k=3)])
    codes = recommender.catalogue.items.codes(ids(found))
    assert counts[codes].tolist() == np.sort(counts)[::-1][:3].tolist()


def test_an_empty_past_is_not_the_past_of_the_training_events(engine):
    stranger, emptied = engine.answer([Ask("stranger"), Ask("u2", ())])
    assert ids(emptied) == ids(stranger)
    assert ids(engine.answer([Ask("u2")])[0]) != ids(stranger)


def test_a_model_of_known_users_falls_back_for_others(fitted):
    engine = Engine.of(fitted("bpr"))
    popular, stranger, emptied, known = engine.answer(
        [Ask(), Ask("x", told("s1"), explain=True), Ask("u2", ()), Ask("u2")]
    )
    assert ids(stranger)[:9] == [item for item in ids(popular) if item != "s1"]
    assert [str(decision) for decision in stranger.decisions] == ["nothing is known of who asks"]
    assert ids(emptied) == ids(popular)  # erased: what was learned of them is not used either
    assert ids(known) != ids(popular)


def test_the_fall_back_chain_of_the_policy_is_kept_to(fitted):
    (found,) = Engine.of(fitted("ease"), PolicyConfig(fallback=("any",))).answer([Ask(k=3)])
    assert ids(found) == list(FILMS)[:3]
    assert {one.step for one in found.decisions} == {"fallback"}
    without = Engine.of(fitted("ease"), PolicyConfig(fallback=()))
    (nobody,) = without.answer([Ask(k=3)])  # somebody has to be listed something
    assert ids(nobody) == ids(Engine.of(fitted("ease")).answer([Ask(k=3)])[0])


def test_a_list_is_filled_up_and_no_item_stands_twice(engine):
    (found,) = engine.answer([Ask("u2", k=1000)])
    listed = set(ids(found))
    assert len(listed) == len(found.items)
    stored = engine.recommender.interactions
    own = stored.items.names(stored.events.items_of(stored.users.code("u2")))
    assert listed == set(FILMS) - set(own)
    assert all(np.isfinite(item.score) for item in found.items)


def test_pages_make_up_the_list(engine):
    (whole,) = engine.answer([Ask("u2", k=9)])
    pages = engine.answer([Ask("u2", k=4, offset=start) for start in (0, 4, 8)])
    assert [*itertools.chain(*map(ids, pages))][:9] == ids(whole)
    assert ids(engine.answer([Ask("u2", k=5, offset=500)])[0]) == []


def test_filters_and_exclusions(engine):
    films = ["Red Comet", "Winter Piano", "Moon Miners"]
    (all_of, some) = engine.answer(
        [
            Ask(past=told("s1"), filter={"title": films}),
            Ask(past=told("s1"), filter={"title": films}, exclude=["r6", "no such item"]),
        ]
    )
    assert set(ids(all_of)) == {"s3", "r6", "s6"}
    assert ids(some) == [item for item in ids(all_of) if item != "r6"]


def test_what_was_seen_is_listed_where_the_policy_allows_it(fitted):
    past = (Past("s1", 1e9, "view"), Past("s2", 1e9, "purchase"))
    config = PolicyConfig(seen={"view": "allow"})
    (found,) = Engine.of(fitted("fake"), config).answer([Ask(past=past, k=14)])
    assert "s1" in ids(found)
    assert "s2" not in ids(found)


def test_rules_of_the_policy_hold(fitted):
    rules = [
        {"do": "exclude", "when": {"title": "Comet Robots"}},
        {"do": "pin", "when": {"title": "Winter Piano"}, "place": 1},
    ]
    engine = Engine.of(fitted("fake"), PolicyConfig(rules=rules))
    (plain,) = Engine.of(fitted("fake")).answer([Ask("u2", k=5)])
    (found,) = engine.answer([Ask("u2", k=5, explain=True)])
    assert ids(found)[0] == "r6"
    assert "cold" in ids(plain)
    assert "cold" not in ids(found)
    assert any("pinned" in reason for reason in found.items[0].reasons)
    assert {one.item for one in found.decisions if one.step == "pin"} == {"r6"}


def test_an_item_that_fills_a_list_has_the_models_score(fitted):
    rules = [{"do": "pin", "when": {"title": "Winter Piano"}, "place": 1}]
    wanted = fitted("fake").recommend(user="u2", k=14, keep_seen=True)
    (found,) = Engine.of(fitted("fake"), PolicyConfig(rules=rules)).answer([Ask("u2", k=2)])
    score = {r.item: r.score for r in wanted}["r6"]
    assert found.items[0].score == pytest.approx(score, rel=1e-4)


def test_diversity_of_the_request_changes_the_list(engine):
    plain, diverse = engine.answer([Ask("u2", k=6), Ask("u2", k=6, diversity=0.9)])
    assert ids(plain)[0] == ids(diverse)[0]
    assert ids(plain) != ids(diverse)


@pytest.mark.parametrize("name", ["fake", "als", "ease"])
def test_reasons_are_those_of_the_recommender(fitted, name):
    recommender = fitted(name)
    wanted = recommender.recommend(history=["s1", "s2", "r3"], k=4, explain=True)
    (found,) = Engine.of(recommender).answer([Ask(past=told("s1", "s2", "r3"), k=4, explain=True)])
    assert [i.reasons for i in found.items] == [r.reasons for r in wanted]
    one = recommender.explain(item="s4", history=["s1", "s2", "r3"])
    explained = Engine.of(recommender).explain(Ask(past=told("s1", "s2", "r3")), "s4")
    assert [str(reason) for reason in explained.reasons] == [str(reason) for reason in one]
    if name != "als":  # which centres on the items it has vectors of
        effects = [r.effect for r in explained.reasons]
        assert effects == pytest.approx([r.effect for r in one], rel=1e-3, abs=1e-4)


def test_an_explanation_says_what_bars_an_item(engine):
    found = engine.explain(Ask("u2", exclude=["s1"], filter={"title": "Red Comet"}), "s1")
    assert {one.step for one in found.barred} >= {"allowed"}
    assert all(one.item == "s1" for one in found.barred)
    with pytest.raises(UsageError, match="not one of the 14 items"):
        engine.explain(Ask("u2"), "no such item")


def test_similar_items_by_the_cosine_of_their_vectors(engine, fitted):
    vectors = fitted("fake").model.item_vectors()
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    items = fitted("fake").catalogue.items
    cosines = unit @ unit[items.code("s4")]
    order = [items.name(code) for code in np.argsort(-cosines) if items.name(code) != "s4"]
    (found,) = engine.answer([Ask(similar_to="s4", k=5, explain=True)])
    assert ids(found) == order[:5]
    assert [i.score for i in found.items] == pytest.approx(np.sort(cosines)[::-1][1:6], rel=1e-5)
    assert found.items[0].reasons[0] == "like Engines of Saturn"


def test_similar_items_leave_out_what_the_asker_has_seen(engine):
    (found,) = engine.answer([Ask("x", told("s1", "cold"), similar_to="s4", k=14)])
    assert not {"s1", "cold", "s4"} & set(ids(found))


def test_an_item_of_which_nothing_is_known_is_like_nothing(fitted):
    (found,) = Engine.of(fitted("sasrec")).answer([Ask(similar_to="cold", k=3)])
    assert len(found.items) == 3
    assert {one.step for one in found.decisions} == {"fallback"}


def test_one_bad_ask_fails_alone(engine):
    good, bad, worse = engine.answers([Ask("u2"), Ask(similar_to="no such item"), Ask(k=0)])
    assert ids(good) == ids(engine.answer([Ask("u2")])[0])
    assert isinstance(bad, UsageError)
    assert isinstance(worse, UsageError)
    with pytest.raises(UsageError, match="no such item"):
        engine.answer([Ask("u2"), Ask(similar_to="no such item")])


@pytest.mark.parametrize(
    ("ask", "error", "what"),
    [
        (Ask(k=0), UsageError, "k must be at least 1"),
        (Ask(offset=-1), UsageError, "offset at least 0"),
        (Ask(k=600, offset=600), UsageError, "at most 1,000"),
        (Ask(diversity=1.5), UsageError, "from 0 to 1"),
        (Ask(query="love", similar_to="s1"), UsageError, "not both"),
        (Ask(filter={"no_such_column": 1}), UsageError, "no_such_column"),
        (Ask(query="love"), Unsupported, "does not read words"),
    ],
)
def test_asks_that_cannot_be_answered_say_why(fitted, ask, error, what):
    (found,) = Engine.of(fitted("ease")).answers([ask])
    assert isinstance(found, error)
    assert what in str(found)


@pytest.mark.parametrize("name", ["ease", "item-knn"])
def test_a_model_without_vectors_lists_what_goes_with_the_item_alone(fitted, name):
    engine = Engine.of(fitted(name))
    like, after = engine.answer(
        [Ask(similar_to="s4", k=4, explain=True), Ask(past=(Past("s4"),), k=4)]
    )
    assert ids(like) == ids(after)
    assert "s4" not in ids(like)
    assert like.items[0].reasons[0].startswith("like ")
    (seen,) = engine.answer([Ask("x", told(ids(like)[0]), similar_to="s4", k=4)])
    assert ids(like)[0] not in ids(seen), "the past says what was seen"


def test_an_item_that_nobody_chose_is_like_none_and_the_list_is_filled_up(fitted):
    engine = Engine.of(fitted("item-knn"))
    (found,) = engine.answer([Ask(similar_to="cold", k=3, explain=True)])
    assert len(found.items) == 3
    assert any(one.step == "fallback" for one in found.decisions)


def test_a_model_that_ranks_alike_for_all_knows_nothing_of_items_like_one(fitted):
    (found,) = Engine.of(fitted("popularity")).answers([Ask(similar_to="s1")])
    assert isinstance(found, Unsupported)
    assert "such as text-sequence, sasrec, item-knn or ease" in str(found)


def test_a_model_that_breaks_down_for_one_still_answers_the_others(fitted, monkeypatch):
    own = FakeModel.user_vectors

    def unable(self, asked):
        if asked.queries and any(asked.queries):
            raise Unsupported("the language model is away")
        return own(self, asked)

    monkeypatch.setattr(FakeModel, "user_vectors", unable)
    engine = Engine.of(fitted("fake"))
    good, bad = engine.answers([Ask("u2"), Ask(query="love")])
    assert len(good.items) == 9
    assert isinstance(bad, Unsupported)


def test_what_is_popular_can_be_told_anew(engine):
    after = engine.with_popularity({"s6": 9.0, "cold": 3.0, "no such item": 1.0})
    (found,) = after.answer([Ask(k=4)])
    assert ids(found)[:2] == ["s6", "cold"]
    assert ids(engine.answer([Ask(k=4)])[0])[:2] != ["s6", "cold"]


def test_many_threads_get_what_one_gets(fitted):
    engine = Engine.of(fitted("fake"))
    asks = [Ask(f"u{n}", k=5) for n in range(24)] + [Ask(similar_to=name) for name in FILMS]
    wanted, wrong = Engine.of(fitted("fake")).answer(asks), []

    def ask(shift: int) -> None:
        for place in range(3 * len(asks)):
            row = (place * 7 + shift) % len(asks)
            (found,) = engine.answer([asks[row]])
            if ids(found) != ids(wanted[row]):
                wrong.append(row)

    threads = [threading.Thread(target=ask, args=(shift,)) for shift in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_version_names_what_was_learned(fitted):
    one, again = Engine.of(fitted("fake")), Engine.of(fitted("fake"))
    assert one.version == again.version
    assert one.version.startswith("fake-")
    assert one.answer([Ask()])[0].model_version == one.version
    other = Estimator(FakeModel, FakeConfig(0.5)).fit(tiny_dataset())
    assert Engine.of(other).version != one.version
    assert Engine.of(fitted("fake"), version="v7").answer([Ask()])[0].model_version == "v7"


def test_the_status_is_plain(engine):
    status = engine.status()
    assert status["items"] == len(FILMS)
    assert status["index"]["kind"] == "exact"
    rules = [{"do": "exclude", "when": {"title": "No such film"}}]
    (note,) = Engine.of(engine.recommender, PolicyConfig(rules=rules)).status()["policy_notes"]
    assert "holds for no item" in note


def test_a_large_catalogue_is_searched_for_similar_items_by_the_index(fitted, monkeypatch):
    (wanted,) = Engine.of(fitted("fake")).answer([Ask(similar_to="s4", k=4)])
    monkeypatch.setattr("penchant.engine.similar.WHOLE", 3)
    (found,) = Engine.of(fitted("fake")).answer([Ask(similar_to="s4", k=4)])
    assert ids(found) == ids(wanted)


def test_a_graph_gives_the_lists_of_an_exact_index(fitted):
    pytest.importorskip("faiss")
    from penchant.retrieve import IndexConfig

    exact = Engine.of(fitted("als"))
    graph = Engine.of(fitted("als"), index=IndexConfig(kind="hnsw"))
    assert graph.status()["index"]["recall_source"] == "given"  # measured on training users
    asks = [Ask(f"u{n}", k=5) for n in range(24)] + [Ask("u2", filter={"title": "Red Comet"})]
    for one, other in zip(exact.answer(asks), graph.answer(asks), strict=True):
        assert ids(one) == ids(other)
    graph.close()


def test_popularity_may_be_given_for_the_whole_catalogue(recommender):
    engine = Engine.of(recommender)
    weights = np.arange(len(engine.catalogue), dtype=float)
    named = dict(zip(engine.catalogue.items, weights.tolist(), strict=True))
    ask = [Ask(k=5)]
    whole, by_name = (engine.with_popularity(one).answer(ask) for one in (weights, named))
    assert whole == by_name
    with pytest.raises(ValueError, match="weights of"):
        engine.with_popularity(weights[1:])


def test_a_put_shares_what_did_not_change(recommender):
    """Of a million items a put must not work through all: these were made again each time."""
    engine = Engine.of(recommender)
    engine.answer([Ask(similar_to=engine.catalogue.items.name(0))])
    row = engine.catalogue.table.row(1, named=True)
    more = engine.with_items([row | {"shelf": "x"}])
    before, after = engine._retrieval, more._retrieval
    assert after._popular is before._popular
    assert after.asking._weight is before.asking._weight
    assert more.policy._popular is engine.policy._popular
    # the lengths of vectors are kept but for those that changed
    assert "_inverse" in after._similar.__dict__
    fresh = np.linalg.norm(more.recommender.model.item_vectors(), axis=1)
    np.testing.assert_allclose(after._similar._inverse, 1 / fresh, rtol=1e-6)
