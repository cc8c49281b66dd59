"""An engine is one bundle, and a loaded one answers as it did when it was saved."""

from __future__ import annotations

import json

import numpy as np
import pytest

from penchant.core import BundleError, DamagedBundle, Recommendation
from penchant.engine import Answer, Ask, Engine, Estimator, Golden, Past, Recommender, golden_of
from penchant.models import EaseConfig, by_name
from penchant.rank import PolicyConfig
from penchant.retrieve import IndexConfig
from penchant.store import read_bundle, write_bundle
from penchant.testing import FakeConfig, FakeModel, tiny_dataset

POLICY = PolicyConfig(
    rules=[{"do": "pin", "when": {"title": "Winter Piano"}, "place": 2}],
    seen={"view": 7},
    candidates=50,
)


@pytest.fixture
def engine(recommender):
    return Engine.of(recommender, POLICY)


def loaded(path, **more):
    return Engine.load(path, models=(FakeModel,), **more)


def test_a_loaded_engine_gives_the_same_answers(engine, tmp_path):
    engine.save(tmp_path / "run")
    again = loaded(tmp_path / "run")
    asks = [Ask(f"u{n}") for n in range(24)] + [Ask(query="love"), Ask(similar_to="s1"), Ask()]
    assert again.answer(asks, now=2e9) == engine.answer(asks, now=2e9)
    assert again.policy.config == POLICY
    assert again.version == engine.version
    assert loaded(tmp_path / "run", version="v2").version == "v2"


def test_items_put_are_saved(engine, tmp_path):
    after = engine.with_items([{"item_id": "new", "title": "War of robots", "price": 3.0}])
    after.save(tmp_path / "run")
    again = loaded(tmp_path / "run")
    ask = Ask(past=(Past("s1"),), k=20)
    (one,), (other,) = again.answer([ask], now=0.0), after.answer([ask], now=0.0)
    assert [item.item for item in one.items] == [item.item for item in other.items]
    scores = [item.score for item in other.items]
    assert [item.score for item in one.items] == pytest.approx(scores, rel=1e-5)
    assert again.answer([Ask(filter={"price": 3.0})])[0].items[0].item == "new"


def test_a_recommender_opens_the_bundle_of_an_engine_and_the_other_way_round(engine, tmp_path):
    engine.save(tmp_path / "engine")
    recommender = Recommender.load(tmp_path / "engine", models=(FakeModel,))
    assert recommender.recommend(user="u2") == engine.recommender.recommend(user="u2")
    recommender.save(tmp_path / "recommender")
    plain = loaded(tmp_path / "recommender")
    assert plain.policy.config == PolicyConfig()
    assert golden_of(tmp_path / "recommender") == ()
    assert loaded(tmp_path / "recommender", policy=POLICY).policy.config == POLICY


def test_golden_questions_are_nobodys_history(engine):
    histories = {
        tuple(engine.catalogue.items.names(engine.recommender.interactions.events.items_of(row)))
        for row in range(len(engine.recommender.interactions.users))
    }
    golden = engine.golden()
    assert golden
    assert all(one.ask.user_id is None for one in golden)
    longer = [one.ask.past for one in golden if one.ask.past and len(one.ask.past) > 1]
    assert not {tuple(past.item_id for past in told) for told in longer} & histories
    assert any(one.ask.query for one in golden)


def test_golden_questions_come_back_as_they_were(engine, tmp_path):
    engine.save(tmp_path / "run")
    kept = golden_of(tmp_path / "run")
    assert [(one.items, one.ask.query) for one in kept] == [
        (one.items, one.ask.query) for one in engine.golden()
    ]
    loaded(tmp_path / "run").check(kept)


def test_what_is_popular_of_late_is_no_part_of_them(engine):
    after = engine.with_popularity({"cold": 100.0})
    assert after.golden() == engine.golden()


def rewritten(source, target, change):
    """The bundle again, whole, with other files."""
    bundle = read_bundle(source, "recommender")
    own = ("format", "kind", "penchant", "created", "files", "digest", "sha256", "manifest")
    about = {name: value for name, value in bundle.manifest.items() if name not in own}
    write_bundle(target, "recommender", change(dict(bundle.files)), about)


def test_a_model_that_answers_otherwise_than_it_did_is_refused(engine, tmp_path):
    engine.save(tmp_path / "run")
    other = Estimator(FakeModel, FakeConfig(0.1)).fit(tiny_dataset())
    Engine.of(other, POLICY).save(tmp_path / "other")
    strange = read_bundle(tmp_path / "other", "recommender").files["golden.json"]
    rewritten(tmp_path / "run", tmp_path / "mixed", lambda files: files | {"golden.json": strange})
    with pytest.raises(BundleError, match="answers a golden question otherwise"):
        loaded(tmp_path / "mixed")


@pytest.mark.parametrize(
    "content", [b"{}", b"not json", b"[1]", b'[{"history": []}]', b"\xff", b"null", b'{"rules": 1}']
)
@pytest.mark.parametrize("name", ["golden.json", "policy.json"])
def test_parts_that_are_something_else_are_refused(engine, tmp_path, name, content):
    if (name, content) == ("policy.json", b"{}"):
        return  # the default policy
    engine.save(tmp_path / "run")
    rewritten(tmp_path / "run", tmp_path / "odd", lambda files: files | {name: content})
    with pytest.raises(BundleError, match="odd"):
        loaded(tmp_path / "odd")


def test_damage_is_found_before_anything_is_opened(engine, tmp_path):
    engine.save(tmp_path / "run")
    file = tmp_path / "run" / "policy.json"
    file.write_bytes(file.read_bytes()[:-1] + b" ")
    with pytest.raises(DamagedBundle, match=r"policy\.json"):
        loaded(tmp_path / "run")


def test_an_hnsw_index_is_part_of_the_bundle(tmp_path):
    pytest.importorskip("faiss")
    model = by_name("als")
    recommender = Estimator(model, model.Config(factors=4, iterations=3)).fit(tiny_dataset())
    engine = Engine.of(recommender, index=IndexConfig(kind="hnsw"))
    assert engine.status()["index"]["kind"] == "hnsw"
    engine.save(tmp_path / "run")
    assert (tmp_path / "run" / "graph.faiss").exists()
    again = Engine.load(tmp_path / "run")
    assert again.status()["index"]["kind"] == "hnsw"
    ask = Ask("u2", k=5)
    assert again.answer([ask], now=0.0) == engine.answer([ask], now=0.0)
    assert Recommender.load(tmp_path / "run").recommend(user="u2")
    exact = Engine.load(tmp_path / "run", index=IndexConfig(kind="exact"))
    assert exact.status()["index"]["kind"] == "exact"


def test_a_model_without_vectors_is_saved_too(tmp_path):
    engine = Engine.of(Estimator(by_name("ease"), EaseConfig()).fit(tiny_dataset()))
    engine.save(tmp_path / "run")
    assert Engine.load(tmp_path / "run").answer([Ask("u2")]) == engine.answer([Ask("u2")])


def answer_of(**scores):
    return Answer(tuple(Recommendation(item, score) for item, score in scores.items()))


GOLD = Golden(Ask(query="x"), ("a", "b", "c"), (3.0, 2.0, 1.0))


@pytest.mark.parametrize(
    ("answer", "agrees"),
    [
        (answer_of(a=3.0, b=2.0, c=1.0), True),
        (answer_of(a=3.001, b=2.0, c=1.0), True),  # rounding
        (answer_of(a=3.0, b=2.0, d=1.001), True),  # another last one of the same score
        (answer_of(a=3.0, b=2.0, d=1.5), False),
        (answer_of(a=3.0, d=2.0, c=1.0), False),
        (answer_of(a=3.1, b=2.0, c=1.0), False),
        (answer_of(a=3.0, b=2.0), False),
        (answer_of(a=3.0, b=2.0, c=float("nan")), False),
        (answer_of(), False),
    ],
)
def test_an_answer_agrees_but_for_rounding(answer, agrees):
    assert GOLD.agrees(answer) is agrees


def test_an_index_over_other_items_is_refused(recommender):
    from penchant.core import UsageError
    from penchant.retrieve import build_index

    with pytest.raises(UsageError, match="5 codes for 14 items"):
        Engine.of(recommender, index=build_index(np.ones((5, 17), np.float32)))


def test_a_bundle_holds_nothing_but_what_it_says(engine, tmp_path):
    engine.save(tmp_path / "run")
    assert json.loads((tmp_path / "run" / "policy.json").read_text())["candidates"] == 50
