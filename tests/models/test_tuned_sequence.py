"""TextSequence with tuning: the language model learns with the rest, if validation says so."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from penchant.core import ModelNotFound, UsageError
from penchant.language import LayerCache, load_backbone
from penchant.language.tuning import IA3, AdaLoRA, BitFit, Full, LoRA, PromptTuning, TopLayers
from penchant.models import (
    TextSequence,
    TextSequenceConfig,
    configure,
    settings_of,
    tuned_sequence,
    tuned_text,
)
from penchant.models.loop_settings import LoopSettings
from penchant.models.sequence import validation_ndcg
from penchant.models.texts import Reader
from penchant.models.tuned_text import Texts, TunedText
from penchant.testing import CHECKS, Case
from penchant.testing.tiny import FILMS
from penchant.tune import run_folder

WORDS = sorted(
    {word for text in FILMS.values() for word in text.lower().replace(".", " .").split()}
)
COLOURS = ["red", "blue", "green", "grey", "night", *(f"word{n}" for n in range(12))]
SMALL = {"dim": 16, "layers": 1, "dropout": 0.0, "learning_rate": 0.003, "batch_tokens": 64}
TUNED = {
    **SMALL,
    "tuning": LoRA(rank=4, layers=1),
    "language_rate": 0.002,
    "language_every": 2,
    "tuning_epochs": 3,
    "head_rate": 1.0,
}


@pytest.fixture(scope="module")
def language(tmp_path_factory) -> str:
    """The folder of a BERT with 2 blocks of 32 numbers, random weights, and a word a token."""
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("language") / "tiny"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys([*WORDS, *COLOURS])]
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=32,
        initializer_range=0.2,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(words), "utf-8")
    tokenizer = {"tokenizer_class": "BertTokenizer", "do_lower_case": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    return str(folder)


def circle(world, users=30, items=12):
    """Everybody walks round the same circle of items."""
    rng = np.random.default_rng(0)
    starts = rng.integers(0, items, users)
    histories = [[(s + n) % items for n in range(rng.integers(3, 7))] for s in starts]
    return world.dataset(histories, [f"word{n}" for n in range(items)])


def config_of(language: str, **settings) -> TextSequenceConfig:
    return TextSequenceConfig(**{**TUNED, "language": language, "epochs": 1, **settings})


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_keeps_the_rules_of_every_model(check, language):
    config = config_of(language, dim=8, tuning=LoRA(rank=2, layers=1), tuning_epochs=2)
    check(Case(TextSequence, config))


def test_tuning_begins_at_the_frozen_optimum_and_is_kept_where_validation_rises(world, language):
    data = circle(world)
    config = config_of(language)
    fitted = TextSequence.fit_frozen(config, data)
    frozen = validation_ndcg(fitted.judged, fitted.holdout, config.history)
    before = {name: part.clone() for name, part in fitted.network.state_dict().items()}
    model = TextSequence.tuned(config, fitted, data)
    assert model.validations[0] == frozen
    assert max(model.validations[1:]) > frozen
    assert not torch.allclose(model.network.table.text, fitted.network.table.text)
    assert all(
        torch.equal(before[name], part) for name, part in fitted.network.state_dict().items()
    )


def test_what_would_learn_twice_from_a_batch_is_left_out_of_tuning(world, language):
    data = circle(world)
    config = config_of(language)
    fitted = TextSequence.fit_frozen(config, data)
    plain = TextSequence.tuned(config, fitted, data)
    loop = LoopSettings(accumulate=2, adversarial="fgm", average="last")
    other = TextSequence.tuned(config_of(language, loop=loop), fitted, data)
    assert other.validations == plain.validations
    assert len(other.validations) == 1 + config.tuning_epochs
    averaged = TextSequence.tuned(
        config_of(language, loop=LoopSettings(average="ema", decay=0.5)), fitted, data
    )
    assert averaged.validations[1:] != plain.validations[1:]
    assert len(averaged.validations) <= 1 + config.tuning_epochs


def test_tuning_that_does_not_help_leaves_the_frozen_model_bit_for_bit(world, language):
    data = circle(world)
    known = {"learning_rate": 0.01, "epochs": 4}
    frozen = TextSequence.fit(config_of(language, tuning=None, **known), data)
    ruined = config_of(language, language_rate=1.0, tuning_epochs=1, **known)
    model = TextSequence.fit(ruined, data)
    assert model.validations[0] > model.validations[1]
    assert model.reader.adapter is None
    asked = world.requests(data, [[3, 4], [0]])
    assert np.array_equal(model.score(asked), frozen.score(asked))


@pytest.mark.parametrize(
    "way",
    [Full(), TopLayers(layers=1), AdaLoRA(rank=2, start_rank=3), BitFit(), PromptTuning(tokens=2)],
    ids=lambda way: way.name,
)
def test_every_way_of_tuning_is_read_again_from_its_state(way, world, language, monkeypatch):
    data = circle(world)
    config = config_of(language, tuning=way, tuning_epochs=2)
    rising = iter(range(100))  # so that tuning is kept, whatever so small a model makes of it
    monkeypatch.setattr(tuned_sequence, "validation_ndcg", lambda *_: float(next(rising)))
    model = TextSequence.fit(config, data)
    assert model.validations == (0.0, 1.0, 2.0)
    again = TextSequence.restore(config, model.state(), data.catalogue, data.interactions)
    assert again.validations == model.validations
    told = world.requests(data, [[3, 4], []], queries=(None, "word9"))
    np.testing.assert_allclose(again.score(told), model.score(told), atol=1e-6)
    more = world.catalogue([*data.catalogue.texts, "word3 word4"])
    extended = again.with_catalogue(more)  # reads with the adapter
    vector = extended.network.table.text[-1].numpy()
    tuned = model.reader.vectors(["word3 word4"], cache=False)[0]
    np.testing.assert_allclose(vector, tuned, atol=1e-6)
    frozen = Reader(language).vectors(["word3 word4"], cache=False)[0]
    assert np.abs(vector - frozen).max() > 1e-5


def test_validation_on_cold_items_hides_items_and_gives_them_back(world, language):
    data = circle(world, users=60, items=17)
    config = config_of(language, validation="cold-items", tuning=None, epochs=2)
    fitted = TextSequence.fit_frozen(config, data)
    hidden = fitted.holdout.candidates
    assert 0 < len(hidden) < 8
    assert fitted.inner.counts()[hidden].sum() == 0
    assert set(fitted.holdout.truth.item) <= set(hidden)
    assert fitted.judged.table.counts[hidden].sum() == 0
    assert fitted.network.table.counts[hidden].min() > 0
    few = config_of(language, validation="cold-items", tuning=None, validation_users=5)
    assert len(TextSequence.fit_frozen(few, data).holdout) == 5
    requests = fitted.holdout.requests
    scores = fitted.judged.score(requests.history)  # the figure by hand
    gains = []
    for row in range(len(requests)):
        seen = requests.history.items_of(row)
        ranked = sorted(set(hidden) - set(seen), key=lambda item: -scores[row, item])[:10]
        wanted = set(fitted.holdout.truth.items_of(row))
        found = sum(1 / np.log2(n + 2) for n, item in enumerate(ranked) if item in wanted)
        gains.append(found / sum(1 / np.log2(n + 2) for n in range(min(10, len(wanted)))))
    figure = validation_ndcg(fitted.judged, fitted.holdout, config.history)
    assert figure == pytest.approx(np.mean(gains))


def test_the_vectors_in_the_table_are_those_of_the_tuned_model(world, language):
    data = circle(world)
    model = TextSequence.fit(config_of(language), data)
    read = model.reader.vectors(data.catalogue.texts, cache=False)
    np.testing.assert_allclose(model.network.table.text.numpy(), read, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(read, axis=1), 1.0, atol=1e-6)


def test_the_cache_of_lower_layers_changes_no_number(world, language, monkeypatch):
    data = circle(world)
    cached = TextSequence.fit(config_of(language), data)
    monkeypatch.setattr(tuned_text, "frozen_below", lambda way, blocks: 0)
    plain = TextSequence.fit(config_of(language), data)
    assert cached.validations == pytest.approx(plain.validations, abs=1e-9)
    torch.testing.assert_close(cached.network.table.text, plain.network.table.text)


def test_a_step_has_the_gradient_of_one_long_pass(language):
    """The two passes of the gradient cache against autograd through everything at once."""
    texts = ["red", "blue night", "", "green", "red"]
    weight = torch.randn(len(texts), 32)
    config = config_of(language, language_texts=10)
    one, other = load_backbone(language), load_backbone(language)
    text = TunedText(one, Texts(one, texts, config.tuning), config, steps=1, seed=0)
    whole = TunedText(other, Texts(other, texts, config.tuning), config, steps=1, seed=0)
    written = [0, 1, 3, 4]
    read = torch.nn.functional.normalize(
        torch.cat([whole.backbone.vectors(whole.backbone.tokens([texts[n]])) for n in written])
    )
    (read * weight[written]).sum().backward()
    expected = {n: p.grad for n, p in whole.backbone.named_parameters() if p.requires_grad}
    norm = torch.sqrt(sum((g**2).sum() for g in expected.values()))
    items, vectors = text.learn(weight)
    assert items.tolist() == written
    torch.testing.assert_close(vectors, read.detach(), atol=1e-6, rtol=0)
    for name, p in text.backbone.named_parameters():
        if p.requires_grad:  # clipped to a norm of 1
            torch.testing.assert_close(p.grad, expected[name] / norm, atol=1e-5, rtol=1e-3)


def test_a_text_is_read_once_a_step_and_the_largest_gradients_come_first(language, monkeypatch):
    texts = ["red", "blue", "green", "red", "night"]
    backbone = load_backbone(language)
    config = config_of(language, language_texts=2)
    tuned = TunedText(backbone, Texts(backbone, texts, config.tuning), config, steps=9, seed=0)
    read = []
    real = LayerCache.vectors

    def vectors(self, backbone, rows):
        read.extend(rows.tolist())
        return real(self, backbone, rows)

    monkeypatch.setattr(LayerCache, "vectors", vectors)
    gradient = torch.zeros(5, 32)
    gradient[:, 0] = torch.tensor([1.0, 1.5, 0.5, 1.0, 0.0])  # the red ones add up to 2
    items, _ = tuned.learn(gradient)
    assert items.tolist() == [0, 1, 3]
    assert sorted(read) == [0, 1]
    items, _ = tuned.learn(gradient * torch.tensor([0.0, 0, 1, 0, 1])[:, None])
    assert items.tolist() == [2]  # a text without a gradient teaches nothing


@pytest.mark.parametrize(("way", "decays"), [(IA3(), False), (LoRA(rank=4), True)])
def test_weights_decay_and_factors_do_not(language, monkeypatch, way, decays):
    learned = []
    for decay in (0.0, 50.0):
        monkeypatch.setattr(tuned_text, "WEIGHT_DECAY", decay)
        config, backbone = config_of(language, tuning=way), load_backbone(language)
        texts = Texts(backbone, ["red", "blue night"], way)
        tuned = TunedText(backbone, texts, config, steps=1, seed=0)
        tuned.learn(torch.ones(2, 32))
        learned.append(torch.cat([part.flatten() for part in tuned.adapter().values()]))
    assert torch.equal(*learned) != decays


def test_lora_drops_out_in_a_step_and_nowhere_else(language):
    texts, weight = ["red", "blue night"], torch.ones(2, 32)
    gradients, read = [], []
    for dropout in (0.0, 0.5):
        config = config_of(language, tuning=LoRA(rank=4, layers=1, dropout=dropout))
        backbone = load_backbone(language)
        tuned = TunedText(backbone, Texts(backbone, texts, config.tuning), config, steps=1, seed=0)
        read.append(tuned.vectors())
        tuned.learn(weight)
        gradients.append(
            torch.cat([p.grad.flatten() for p in backbone.parameters() if p.grad is not None])
        )
        assert torch.equal(tuned.vectors(), tuned.vectors())
    assert torch.equal(*read)
    assert not torch.allclose(*gradients)


def test_without_validation_the_language_model_stays_frozen_and_that_is_said(
    world, language, caplog
):
    data = world.dataset([[0, 1], [1, 2], [2, 0]] * 5, ["red", "blue", "green"])
    model = TextSequence.fit(config_of(language), data)
    assert model.validations == ()
    assert model.reader.adapter is None
    assert "the language model stays frozen" in caplog.text


def test_another_base_than_in_training_is_refused(world, language, monkeypatch):
    data = circle(world)
    config = config_of(language)
    state = TextSequence.fit(config, data).state()
    state["encoder"] = state["encoder"][::-1].copy()
    model = TextSequence.restore(config, state, data.catalogue, data.interactions)
    with pytest.raises(ModelNotFound, match="is not the one this model was trained with"):
        model.score(world.requests(data, [[]], queries=("word3",)))


class Killed(Exception):
    pass


def test_a_killed_run_goes_on_to_the_same_weights(world, language, tmp_path, monkeypatch):
    data = circle(world, users=50)
    config = config_of(language, tuning_epochs=2, batch_tokens=32)
    whole = TextSequence.fit(config, data).state()
    real, steps = TunedText.learn, []

    def learn(self, gradient):
        steps.append(0)
        if len(steps) == 4:
            raise Killed
        return real(self, gradient)

    monkeypatch.setattr(TunedText, "learn", learn)
    with pytest.raises(Killed), run_folder(tmp_path / "run", every_steps=3):
        TextSequence.fit(config, data)
    with run_folder(tmp_path / "run", every_steps=3):
        again = TextSequence.fit(config, data).state()
    assert set(again) == set(whole)
    for name, part in whole.items():
        assert np.array_equal(again[name], part), name


def test_the_saved_adapter_is_small_and_only_what_was_tuned(world, language):
    data = circle(world)
    state = TextSequence.fit(config_of(language), data).state()
    adapter = {name: part for name, part in state.items() if name.startswith("adapter.")}
    assert adapter
    assert all("lora_" in name for name in adapter)


def test_the_way_of_tuning_is_a_word_a_mapping_or_settings_behind_dots():
    for settings in (
        {"tuning": "lora", "tuning.rank": 4},
        {"tuning": {"way": "lora", "rank": 4}},
        {"tuning": LoRA(rank=4)},
    ):
        config = configure(TextSequenceConfig, settings)
        assert config.tuning == LoRA(rank=4)
        assert configure(TextSequenceConfig, json.loads(json.dumps(settings_of(config)))) == config


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"tuning": "loar"}, r"must be one of full, .*: got 'loar'; did you mean 'lora'"),
        ({"tuning": {"rank": 3}}, r"way is missing"),
        ({"tuning": "lora", "tuning.rnk": 3}, r"LoRA has no setting 'rnk'; did you mean 'rank'"),
        ({"dim": 64, "dim.x": 3}, r"dim = 64 has no settings of its own"),
        ({"language_rate": 0.0}, r"language_rate must be more than 0"),
        ({"language_texts": 0}, r"language_texts must be at least 1"),
        ({"head_rate": 2.0}, r"head_rate must be at least 0 and at most 1"),
    ],
)
def test_a_wrong_setting_is_named(setting, message):
    with pytest.raises(UsageError, match=message):
        configure(TextSequenceConfig, setting)


def test_tuned_on_pairs_first_new_items_lie_where_their_kind_does(world, language):
    """Items of one colour follow each other; the text of a new one says which colour it is."""
    rng = np.random.default_rng(0)
    kinds = ("red", "blue", "green", "grey")
    texts = [f"{kind} word{n}" for kind in kinds for n in range(6)]  # the last of each is new
    histories = [
        [6 * int(kind) + int(n) for n in rng.permutation(5)[:4]] for kind in rng.integers(0, 4, 120)
    ]
    data = world.dataset(histories, texts)
    config = TextSequenceConfig(
        language=language, tuning=LoRA(rank=4), pairs=400, pairs_rate=0.01, tuning_epochs=0,
        dim=16, layers=1, epochs=6, validation="cold-items", refit=False,
    )  # fmt: skip
    model = TextSequence.fit(config, data)
    text = model.network.table.text.numpy()
    new = [5, 11, 17, 23]
    others = [n for n in range(24) if n not in new]
    nearest = np.array(others)[(text[new] @ text[others].T).argmax(axis=1)]
    assert (nearest // 6).tolist() == [0, 1, 2, 3]
    assert model.reader.adapter is not None
    again = TextSequence.restore(config, model.state(), data.catalogue, data.interactions)
    asked = world.requests(data, [[0, 1], [7, 8]])
    np.testing.assert_allclose(again.score(asked), model.score(asked), rtol=1e-5)
    assert model.validations == ()


def test_joint_tuning_goes_on_from_what_pairs_made(world, language):
    data = world.dataset([[0, 1, 2, 3], [1, 2, 3, 0], [2, 3, 0, 1]] * 6, COLOURS[:4])
    config = TextSequenceConfig(
        language=language, tuning=LoRA(rank=2), pairs=30, pairs_rate=0.05, tuning_epochs=1,
        dim=8, layers=1, epochs=2, refit=False,
    )  # fmt: skip
    start = TextSequence.on_pairs(config, data)
    fitted = TextSequence.fit_frozen(config, data, start=start)
    model = TextSequence.tuned(config, fitted, data, start=start)
    frozen = fitted.network.table.text.numpy()
    moved = np.abs(model.network.table.text.numpy() - frozen).max()
    base = np.abs(TextSequence.fit_frozen(config, data).network.table.text.numpy() - frozen).max()
    assert moved < base, "the joint phase begins where the pairs ended, not at the base"
