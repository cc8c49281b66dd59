"""The one call: it learns, it does no harm, it is what was saved."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from penchant.core import BundleError, DamagedBundle, UsageError
from penchant.metrics import auc
from penchant.models.few_shot import Example, FewShotModel, few_shot
from penchant.models.few_shot.example import Batch
from penchant.models.few_shot.others import Ratings


@pytest.fixture(autouse=True)
def _toy(toy_language):
    """No language model is opened here."""


def judged(model, test):
    labels = np.array([one.label for one in test])
    return auc(labels, model.predict(test)), auc(labels, Batch.of(test).share)


def test_it_beats_the_share_of_likes_and_transfer_beats_both(draw, neighbours):
    examples, test = draw(120, 1), draw(600, 2)
    alone, share = judged(few_shot(examples), test)
    helped, _ = judged(few_shot(examples, neighbours), test)
    assert alone > share + 0.01
    assert helped > alone + 0.01


def test_other_people_help_before_any_label_is_learned_from(draw, neighbours):
    found, share = judged(few_shot(draw(8, 1), neighbours, ["zero-shot"]), draw(600, 2))
    assert found > share + 0.05


def test_labels_at_random_do_little_harm(draw):
    rng = np.random.default_rng(0)
    wrong = [
        Example(one.liked, one.disliked, one.candidate, bool(rng.random() < 0.5))
        for one in draw(40, 1)
    ]
    found, share = judged(few_shot(wrong), draw(600, 2))
    assert found > share - 0.03


def test_the_table_names_every_way_and_the_rule_without_a_model(draw):
    model = few_shot(draw(30, 1), ways=["zero-shot", "frozen"])
    assert [score.way for score in model.scores] == ["share", "frozen", "zero-shot"]
    assert model.chosen in {"share", "frozen", "zero-shot"}
    assert model.seconds > 0


def test_the_rule_without_a_model_wins_where_others_mislead(draw, neighbours):
    rows = neighbours.interactions.events
    rng = np.random.default_rng(0)
    from dataclasses import replace

    # ratings that have nothing to do with the items, and examples whose share tells everything
    noise = replace(rows, value=rng.choice([2.0, 5.0], len(rows.value)).astype(np.float32))
    other = replace(neighbours, interactions=neighbours.interactions.with_events(noise))
    examples = [
        Example(one.liked, one.disliked, one.candidate, len(one.liked) > len(one.disliked))
        for one in draw(80, 1)
    ]
    model = few_shot(examples, other, ["zero-shot"])
    assert model.chosen == "share"


def test_the_same_seed_gives_the_same_model_and_labels_of_the_test_are_not_read(draw, neighbours):
    examples, test = draw(30, 1), draw(20, 2)
    bare = [Example(one.liked, one.disliked, one.candidate) for one in test]
    first, second = (few_shot(examples, neighbours, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.predict(test), second.predict(bare))


def test_an_answer_does_not_depend_on_the_others_asked_with_it(draw, neighbours):
    model, test = few_shot(draw(30, 1), neighbours), draw(20, 2)
    alone = [model.predict([one])[0] for one in test]
    np.testing.assert_allclose(model.predict(test), alone, atol=1e-9)


def test_odd_examples_are_answered(draw, neighbours):
    odd = [
        Example((), (), "never heard of"),
        Example(("",), ("",), ""),
        Example(("雨夜",), ("海边",), "雨中的信"),
        Example(tuple(f"film {n}" for n in range(300)), (), "film 1"),
    ]
    for transfer in (None, neighbours):
        found = few_shot(draw(20, 1), transfer).predict(odd)
        assert np.isfinite(found).all()
        assert ((found > 0) & (found < 1)).all()
    assert few_shot(draw(20, 1)).predict([]).shape == (0,)


@pytest.mark.parametrize("ways", [["frozen"], ["zero-shot"]])
def test_a_saved_model_answers_the_same(draw, neighbours, tmp_path, ways):
    test = draw(20, 2)
    model = few_shot(draw(30, 1), neighbours, ways)
    model.save(tmp_path / "m")
    again = FewShotModel.load(tmp_path / "m")
    np.testing.assert_array_equal(again.predict(test), model.predict(test))
    assert again.scores == model.scores
    assert again.config == model.config
    assert again.next_to_label(test, 5, "coreset") == model.next_to_label(test, 5, "coreset")


def test_a_damaged_bundle_is_refused_and_so_is_another_encoder(draw, tmp_path, monkeypatch):
    few_shot(draw(20, 1)).save(tmp_path / "m")
    import penchant.language as room

    toy = room.load_encoder("x")
    toy.digest = "another"
    monkeypatch.setattr("penchant.language.load_encoder", lambda name: toy)
    with pytest.raises(BundleError, match="its files differ"):
        FewShotModel.load(tmp_path / "m")
    (tmp_path / "m" / "texts.json").write_text("{}")
    with pytest.raises(DamagedBundle):
        FewShotModel.load(tmp_path / "m")


def test_unlabelled_examples_are_kept_only_where_cross_validation_is_no_worse(draw):
    unlabelled = [Example(one.liked, one.disliked, one.candidate) for one in draw(150, 5)]
    model = few_shot(draw(60, 1), unlabelled=unlabelled)
    table = {score.way: score for score in model.scores}
    better = (
        table["self-training"].auc >= table["frozen"].auc
        and table["self-training"].log_loss <= table["frozen"].log_loss
    )
    assert better or model.chosen != "self-training"


def test_what_to_label_next(draw):
    model, pool = few_shot(draw(30, 1)), draw(40, 7)
    chance = model.predict(pool)
    by_margin = model.next_to_label(pool, 5)
    assert list(by_margin) == np.argsort(np.abs(chance - 0.5), kind="stable")[:5].tolist()
    assert model.next_to_label(pool, 5, "entropy") == by_margin
    assert len(set(model.next_to_label(pool, 99, "coreset"))) == len(pool)
    with pytest.raises(UsageError, match="one of margin, entropy, coreset"):
        model.next_to_label(pool, 5, "guess")
    assert model.next_to_label([], 5) == ()


def test_wrong_calls_say_what_to_do(draw, neighbours):
    with pytest.raises(UsageError, match="there is no 'magic'"):
        few_shot(draw(20, 1), ways=["magic"])
    with pytest.raises(UsageError, match="at least one of"):
        few_shot(draw(20, 1), ways=[])
    from dataclasses import replace

    events = neighbours.interactions.events
    silent = replace(events, value=np.full_like(events.value, np.nan))
    bare = replace(neighbours, interactions=neighbours.interactions.with_events(silent))
    with pytest.raises(UsageError, match="tell no likes from dislikes"):
        few_shot(draw(20, 1), bare)


def test_the_threshold_of_a_like_follows_the_examples(neighbours):
    ratings = Ratings.of(neighbours)
    assert ratings.threshold(0.5) == 3.5
    assert set(ratings.titles) <= set(neighbours.catalogue.titles)


def test_the_room_opens_without_torch():
    code = "import penchant.models.few_shot, sys, json; print(json.dumps('torch' in sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert json.loads(told.stdout) is False
