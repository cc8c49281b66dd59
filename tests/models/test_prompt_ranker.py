"""PromptRanker: the same rules as every model, and what is its own."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch

from penchant.core import ModelNotFound, UsageError
from penchant.language import load_language_model
from penchant.language.shared_prefix import learned_choices, shared_choices
from penchant.language.token_tree import reads_trees
from penchant.language.tuning import Full, LoRA, PromptTuning
from penchant.models.prompt_ranker import (
    Disliked,
    Placed,
    PromptRanker,
    PromptRankerConfig,
    TastedWords,
)
from penchant.models.prompt_ranker_scorer import PromptScorer, saved_prompt_scorer
from penchant.testing import CHECKS, Case
from penchant.testing.tiny_models import write_tiny_model
from penchant.tune import autocast, keeper, run_folder

WORDS = [3 * letter for letter in "abcdefghijkl"]
SMALL = {"history": 2, "length": 250, "epochs": 1, "negatives": 2}


@pytest.fixture(scope="module")
def language(tmp_path_factory) -> str:
    folder = write_tiny_model(tmp_path_factory.mktemp("language") / "tiny", "llama")
    # its alphabet is bytes, so a question takes more places than the tiny models have; rotary
    # positions have no weights, so the same model can be told that it has more
    for file, field in (
        ("config.json", "max_position_embeddings"),
        ("tokenizer_config.json", "model_max_length"),
    ):
        told = json.loads((folder / file).read_text())
        (folder / file).write_text(json.dumps(told | {field: 400}))
    return str(folder)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_keeps_the_rules(language, check):
    config = PromptRankerConfig(
        first=f"text-mean:language={language}", language=language, tuning=LoRA(rank=2), **SMALL
    )
    check(Case(PromptRanker, config))


def test_it_learns_to_say_yes_to_what_people_choose(world, language):
    rng = np.random.default_rng(0)
    data = world.dataset([rng.permutation(6)[:4].tolist() for _ in range(120)], WORDS)
    config = PromptRankerConfig(
        first="random",
        language=language,
        tuning=Full(),
        history=1,
        depth=11,
        epochs=7,
        patience=7,
        negatives=3,
        learning_rate=0.01,
    )
    asked = [[n, (n + 1) % 6] for n in range(6)]
    good = {}
    for name, tuning in (("untuned", None), ("tuned", config.tuning)):
        model = PromptRanker.fit(replace(config, tuning=tuning), data)
        scores = model.score(world.requests(data, asked))
        for row, history in enumerate(asked):
            scores[row, history] = -np.inf
        good[name] = (np.argsort(-scores, axis=1)[:, :4] < 6).mean()
    assert good["untuned"] < 0.6  # 0.4 by chance; nobody ever chose items 6 to 11
    assert good["tuned"] > 0.75


@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_questions_that_begin_alike_get_the_same_answers_as_whole_ones(tmp_path, name):
    model = load_language_model(write_tiny_model(tmp_path / name, name))
    groups = [
        [
            f"Liked: an era, the barn. Will they like {title}? Answer:"
            for title in ("a", "ben hur", "")
        ],
        ["alone and short"],
        ["no common start", "at all"],
        [],
    ]
    whole = model.choices([prompt for group in groups for prompt in group], (" Y", " N"))
    assert model.tokenizer(" Y")["input_ids"] != model.tokenizer(" N")["input_ids"]
    np.testing.assert_allclose(shared_choices(model, groups, (" Y", " N")), whole, atol=1e-4)
    assert len({*np.round(whole[:3, 0], 6)}) == 3, "the endings are told apart"


@pytest.mark.parametrize("name", ["llama", "gpt2"])
@pytest.mark.parametrize("words", [("Y", "N"), ("two", "letters")])
def test_what_is_learned_of_a_list_is_what_whole_prompts_would_teach(tmp_path, name, words):
    model = load_language_model(write_tiny_model(tmp_path / name, name))
    prompts = ["Liked: an era, the barn. " + end for end in ("a", "ben hur", "as then")]
    weight = next(p for p in model.parameters() if p.ndim == 2)
    (learned,) = learned_choices(model, [prompts], words)
    np.testing.assert_allclose(learned.detach(), model.choices(prompts, words), atol=1e-4)
    whole = torch.cat([learned_choices(model, [[prompt]], words)[0] for prompt in prompts])
    for said in (learned, whole):
        model.zero_grad()
        (said[0, 0] - said[1, 1] + 2 * said[2, 0]).backward()
        gradient = weight.grad.clone()
        if said is learned:
            first = gradient
    assert first.abs().max() > 1e-3
    torch.testing.assert_close(first, gradient, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_lists_of_a_batch_are_learned_together_as_each_alone(tmp_path, name):
    model = load_language_model(write_tiny_model(tmp_path / name, name))
    lists = [
        ["Liked: an era. " + end for end in ends] for ends in (("a", "ben hur"), ("b", "as", "c"))
    ]
    together = learned_choices(model, lists, ("Y", "N"))
    for said, prompts in zip(together, lists, strict=True):
        np.testing.assert_allclose(said.detach(), model.choices(prompts, ("Y", "N")), atol=1e-4)


def test_a_model_whose_attention_takes_no_mask_of_ours_is_asked_whole(tmp_path):
    model = load_language_model(write_tiny_model(tmp_path / "llama", "llama"))
    model.model.set_attn_implementation("eager")
    prompts = ["Liked: an era, the barn. " + end for end in ("a", "ben hur")]
    assert not reads_trees(model, 40)
    found = shared_choices(model, [prompts], ("Y", "N"))
    np.testing.assert_allclose(found, model.choices(prompts, ("Y", "N")), atol=1e-4)


def test_bfloat16_answers_are_not_rounded_to_eighths(tmp_path):
    model = load_language_model(write_tiny_model(tmp_path / "llama", "llama"))
    with torch.no_grad():  # logits of the size that trained models have
        model.model.base_model.norm.weight.mul_(200)
    prompts = ["Liked: an era, the barn. " + a + b for a in "abcdefgh" for b in "ijklmnop"]
    with autocast("bfloat16", torch.device("cpu")):
        said = shared_choices(model, [prompts], ("Y", "N"))
    odds = said[:, 0] - said[:, 1]
    assert np.abs(odds).max() > 4
    assert len({*odds.tolist()}) == len(prompts), "equal odds leave the order to chance"


def test_one_person_s_questions_cost_one_reading_of_the_history(language, monkeypatch):
    model = load_language_model(language)
    read = []
    model.model.base_model.register_forward_pre_hook(
        lambda _, __, given: read.append(given["input_ids"].numel()), with_kwargs=True
    )
    beginning = "one two three four five six seven eight nine ten " * 3
    prompts = [beginning + letter for letter in "abcdefgh"]
    # the words are one token each: single letters of the alphabet of the tiny tokenizer
    shared_choices(model, [prompts], ("Y", "N"))
    whole = len(model.tokenizer(prompts[0])["input_ids"])
    assert whole < sum(read[-1:]) < 2 * whole


def test_ways_that_add_tokens_are_asked_whole(tmp_path, language):
    config = PromptRankerConfig(language=language, tuning=PromptTuning(tokens=4), **SMALL)
    scorer = PromptScorer(load_language_model(language), config)
    together = scorer.score_pairs([["an era"]] * 2, ["barn", "then"])
    apart = [scorer.score_pairs([["an era"]], [word])[0] for word in ("barn", "then")]
    np.testing.assert_allclose(together, apart, atol=1e-4)


def test_likes_and_dislikes_are_told_apart_and_the_oldest_titles_go_first(language):
    config = PromptRankerConfig(language=language, noun="film", length=160, template=0)
    scorer = PromptScorer(load_language_model(language), config)
    history = ["Alien", Disliked("Heat"), "Solaris"]
    (asked,) = scorer.questions(history, ["Ran"])
    assert 'Liked: "Alien"; "Solaris"\nDisliked: "Heat"\n' in asked
    assert asked.endswith('Will this person like "Ran"? Say Yes or No.\nAnswer:')
    long, longer = scorer.questions(["x" * 100, *history], ["Ran", "Ran 2"])
    assert "xx" not in long, "the oldest title was too much"
    assert "Heat" in long
    assert long[: long.index("Ran")] == longer[: longer.index("Ran")]


def test_the_question_tells_the_first_stage_s_place_of_the_item(language):
    scorer = PromptScorer(load_language_model(language), PromptRankerConfig(language=language))
    words = TastedWords(("Alien", "Ran"), ("Alien", "Ran"), None, True)
    items, places = np.array([1, 0], np.int32), np.array([0, 11])
    asked = scorer.questions(["Heat"], words.candidates(items, places))
    assert ['"Ran" (ranked 1)' in asked[0], '"Alien" (ranked 12)' in asked[1]] == [True, True]
    untold = replace(words, placed=False).candidates(items, places)
    assert not any(isinstance(text, Placed) for text in untold)
    assert not any("ranked" in question for question in scorer.questions(["Heat"], untold))


def test_a_broken_off_tuning_goes_on_to_the_same_weights(world, language, tmp_path, monkeypatch):
    data = world.dataset([[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] * 6, WORDS)
    config = PromptRankerConfig(
        first="popularity", language=language, tuning=LoRA(rank=2), **SMALL | {"epochs": 2}
    )

    def adapter(folder=None):
        with run_folder(folder, every_steps=1) if folder else nullcontext():
            state = PromptRanker.fit(config, data).state()
        return {name: part for name, part in state.items() if name.startswith("scorer.adapter.")}

    whole, write = adapter(), keeper.write_checkpoint

    def write_and_stop(folder, step, *rest):
        write(folder, step, *rest)
        if step == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(keeper, "write_checkpoint", write_and_stop)
    with pytest.raises(KeyboardInterrupt):
        adapter(tmp_path)
    monkeypatch.undo()
    assert any(tmp_path.rglob("checkpoints/*"))
    resumed = adapter(tmp_path)
    assert all(np.array_equal(whole[name], resumed[name]) for name in whole)


def test_an_event_at_or_below_the_threshold_is_a_dislike(world):
    data = world.dataset([[0, 1, 2]], WORDS)
    requests = world.requests(data, [[0, 1, 2]])
    requests.history.value[:] = [5, 3, np.nan]
    (told,) = TastedWords(tuple(WORDS), tuple(WORDS), 3.0).histories(requests, 5)
    assert [isinstance(title, Disliked) for title in told] == [False, True, False]


def test_it_is_saved_as_the_first_stage_and_an_adapter(world, language):
    data = world.dataset([[0, 1, 2, 3]] * 8, WORDS)
    config = PromptRankerConfig(first="popularity", language=language, tuning=LoRA(rank=2), **SMALL)
    model = PromptRanker.fit(config, data)
    adapter = [part for name, part in model.state().items() if name.startswith("scorer.adapter.")]
    whole = sum(p.numel() for p in load_language_model(language).parameters())
    assert 0 < sum(part.size for part in adapter) < whole / 4
    other = saved_prompt_scorer(config, {"language": np.frombuffer(b"another one", np.uint8)})
    with pytest.raises(ModelNotFound, match="not the one this model was trained with"):
        other.score_pairs([["a"]], ["b"])


def test_wrong_settings_are_refused(world):
    with pytest.raises(
        UsageError, match=r"PromptRankerConfig\.template must be at least 0 and at most 3"
    ):
        PromptRankerConfig(template=9)
    with pytest.raises(UsageError, match="the first stage must rank alone"):
        PromptRanker.fit(PromptRankerConfig(first="pair-ranker"), world.dataset([[0, 1, 2]], WORDS))
