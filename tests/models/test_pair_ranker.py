"""PairRanker: the same rules as every model, and what is its own."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from penchant.core import Abilities, ModelNotFound, UsageError
from penchant.language import load_backbone
from penchant.language.tuning import LoRA
from penchant.models.pair_ranker import PairRanker, PairRankerConfig
from penchant.models.pair_ranker_scorer import PairTokens, saved_cross_encoder
from penchant.testing import CHECKS, Case
from penchant.testing.tiny_models import write_tiny_model

WORDS = [3 * letter for letter in "abcdefghijkl"]


@pytest.fixture(scope="module")
def language(tmp_path_factory) -> str:
    return str(write_tiny_model(tmp_path_factory.mktemp("language") / "tiny", "bert"))


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_keeps_the_rules(language, check):
    config = PairRankerConfig(
        first=f"star:language={language}",
        language=language,
        tuning=LoRA(rank=2),
        history=3,
        length=62,
        epochs=1,
        negatives=2,
    )
    check(Case(PairRanker, config))


def cycle(world, users=80):
    """Everybody walks round the same circle of items, so that the next one is certain."""
    rng = np.random.default_rng(0)
    histories = [[(s + n) % 12 for n in range(4)] for s in rng.integers(0, 12, users)]
    return world.dataset(histories, WORDS)


@pytest.mark.parametrize("objective", ["listwise", "binary"])
def test_it_learns_to_rank_what_comes_next_above_a_first_stage_that_knows_nothing(
    world, language, objective
):
    config = PairRankerConfig(
        first="popularity",
        language=language,
        tuning=LoRA(rank=8),
        objective=objective,
        history=1,
        depth=11,
        epochs=12,
        patience=12,
        negatives=6,
        learning_rate=0.01,
        head_rate=0.02,
    )
    data = cycle(world)
    model = PairRanker.fit(config, data)
    assert model.mix.weight > 0.5
    histories = [[n, (n + 1) % 12] for n in range(12)]
    scores = model.score(world.requests(data, histories))
    for row, history in enumerate(histories):
        scores[row, history] = -np.inf
    right = sum(int(best == (n + 2) % 12) for n, best in enumerate(scores.argmax(axis=1)))
    assert right >= 8  # one in ten by chance


def test_it_can_do_what_its_first_stage_can(world, language):
    config = PairRankerConfig(first="item-knn:neighbours=5", language=language, epochs=1)
    model = PairRanker.fit(config, cycle(world, users=12))
    assert model.abilities == Abilities(new_users=True, new_items=False, queries=False)


def test_too_few_users_leave_the_first_stage_alone(world, language):
    data = world.dataset([[0, 1, 2], [1, 2, 3]], WORDS)
    config = PairRankerConfig(first="popularity", language=language)
    model = PairRanker.fit(config, data)
    assert model.mix.weight == 0.0
    first = model.first.score(world.requests(data, [[5]]))[0]
    ranked = model.score(world.requests(data, [[5]]))[0]
    unseen = [n for n in range(12) if n != 5]
    np.testing.assert_array_equal(
        np.argsort(-first[unseen], kind="stable"), np.argsort(-ranked[unseen], kind="stable")
    )


def test_another_language_model_of_the_same_name_is_not_taken_for_the_old_one(language):
    state = {"encoder": np.frombuffer(b"other", np.uint8)}
    scorer = saved_cross_encoder(PairRankerConfig(language=language), state)
    with pytest.raises(ModelNotFound, match="is not the one this model was trained with"):
        scorer.score_pairs([["a"]], ["b"])


def test_the_newest_titles_are_kept_whole_and_the_candidate_too(language):
    backbone = load_backbone(language, device="cpu")
    tokens = PairTokens(backbone, 24)

    def words(*pair):
        read = backbone.tokenizer.decode(tokens(*pair))
        return read.replace("[CLS]", "").split("[SEP]")[:2]

    assert words(["old", "new"], "next") == ["new;old", "next"]
    assert words(["first of all", "older", "newest"], "next") == ["newest;older", "next"]
    assert words(["a long title that fills it all"], "next") == ["", "next"]
    history, candidate = words(["new"], "a candidate that is too long for this")
    assert history == "new"
    assert len(tokens(["new"], "a candidate that is too long for this")) <= 24
    assert candidate.startswith("a candidate")


def test_a_decoder_without_marks_gets_a_line_break_between(tmp_path):
    backbone = load_backbone(write_tiny_model(tmp_path / "gpt2", "gpt2"), device="cpu")
    found = backbone.tokenizer.decode(PairTokens(backbone, 40)(["old", "new"], "next"))
    assert found == "new;old\nnext"


def test_a_second_stage_is_no_first_stage(monkeypatch):
    from penchant import models
    from penchant.models.two_stage import first_stage

    two = SimpleNamespace(Config=PairRankerConfig, name="pair-ranker")
    monkeypatch.setattr(models, "by_name", lambda name: two)
    with pytest.raises(UsageError, match="has one of its own"):
        first_stage("pair-ranker", "pair-ranker")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"depth": 0}, "depth must be at least 1"),
        ({"length": 8}, "length must be at least 16"),
        ({"learning_rate": 0.0}, "learning_rate must be more than 0"),
    ],
)
def test_settings_out_of_range_are_refused(setting, message):
    with pytest.raises(UsageError, match=message):
        PairRankerConfig(**setting)
