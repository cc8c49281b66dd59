"""A language model reads texts of a domain."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertModel,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

from penchant.core import Unsupported, UsageError, generator
from penchant.language import load_backbone, load_encoder, load_language_model
from penchant.language.tuning import (
    IA3,
    AdaLoRA,
    Adapters,
    BitFit,
    Full,
    LoRA,
    PrefixTuning,
    PromptTuning,
    TopLayers,
)
from penchant.testing import write_tiny_model
from penchant.tune import Masking, PretrainConfig, corpus_of_texts, pretrain
from penchant.tune.pretrain_batches import Batches, loss_of

WORDS = ["slow", "warm", "film", "rainy", "evening", "space", "war", "love", "dog", "city", "train"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = [*SPECIAL, *WORDS, "un", "##warm", "##slow", "."]
SHAPE = {"vocab_size": len(PIECES)}


def texts(count: int, seed: int = 0) -> list[str]:
    """Texts with a grammar: a word is followed by the next one of the list."""
    draw = random.Random(seed)  # noqa: S311 - nothing secret
    starts = [draw.randrange(len(WORDS)) for _ in range(count)]
    lengths = [draw.randrange(4, 9) for _ in range(count)]
    return [
        " ".join(WORDS[(start + step) % len(WORDS)] for step in range(length)) + " ." * (number % 3)
        for number, (start, length) in enumerate(zip(starts, lengths, strict=True))
    ]


def write_model(folder: Path, kind: str) -> Path:
    """An encoder with its head (``masked``) or without (``bare``), a decoder, or a T5."""
    torch.manual_seed(0)
    folder.mkdir(parents=True)
    bert = BertConfig(
        **SHAPE,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=40,
    )
    end = {"bos_token_id": PIECES.index("[SEP]"), "eos_token_id": PIECES.index("[SEP]")}
    gpt = GPT2Config(**SHAPE, **end, n_embd=32, n_layer=2, n_head=2, n_positions=40)
    t5 = T5Config(**SHAPE, d_model=16, d_ff=16, d_kv=8, num_layers=1, num_heads=2)
    made = {
        "masked": lambda: BertForMaskedLM(bert),
        "bare": lambda: BertModel(bert, add_pooling_layer=False),
        "causal": lambda: GPT2LMHeadModel(gpt),
        "seq2seq": lambda: T5ForConditionalGeneration(t5),
    }[kind]()
    made.save_pretrained(folder)
    if kind in ("masked", "bare"):
        (folder / "vocab.txt").write_text("\n".join(PIECES), "utf-8")
        said = {"tokenizer_class": "BertTokenizer", "do_lower_case": True}
        (folder / "tokenizer_config.json").write_text(json.dumps(said))
        _sentence_transformers(folder)
    else:
        _word_level().save_pretrained(folder)
    return folder


def _word_level() -> PreTrainedTokenizerFast:
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = {piece: number for number, piece in enumerate(PIECES)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))  # noqa: S106 - no secret
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",  # noqa: S106
        pad_token="[PAD]",  # noqa: S106
        eos_token="[SEP]",  # noqa: S106
        bos_token="[SEP]",  # noqa: S106
    )


def _sentence_transformers(folder: Path) -> None:
    steps = [{"path": "", "type": "st.Transformer"}, {"path": "1_Pooling", "type": "st.Pooling"}]
    steps.append({"path": "2_Normalize", "type": "st.Normalize"})
    (folder / "modules.json").write_text(json.dumps(steps))
    (folder / "1_Pooling").mkdir()
    pooling = {"pooling_mode_cls_token": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 30}))


CORPUS = corpus_of_texts(texts(160), share=0.2)
QUICK = PretrainConfig(epochs=4, learning_rate=5e-3, batch_tokens=256, patience=9, head_epochs=1)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    home = tmp_path_factory.mktemp("models")
    return {
        kind: write_model(home / kind, kind) for kind in ("masked", "bare", "causal", "seq2seq")
    }


@pytest.fixture(scope="module")
def found(folders):
    """Each model after the same training."""
    return {kind: pretrain(folders[kind], CORPUS, QUICK) for kind in ("masked", "bare", "causal")}


@pytest.mark.parametrize("kind", ["masked", "bare", "causal"])
def test_texts_never_seen_become_likelier(found, kind):
    one = found[kind]
    start = one.before if one.with_head is None else one.with_head
    assert one.after < 0.8 * start
    assert one.epoch > 0
    assert len(one.validations) == 1 + QUICK.epochs
    assert one.validations[one.epoch] == min(one.validations)
    assert (one.with_head is None) == (kind != "bare")


@pytest.mark.parametrize("kind", ["masked", "bare", "causal"])
def test_the_perplexities_are_those_of_the_model(found, folders, kind):
    one = found[kind]
    assert one.model.perplexity(CORPUS.judge) == pytest.approx(one.after, rel=1e-5)
    if kind != "bare":
        base = load_language_model(folders[kind])
        assert base.perplexity(CORPUS.judge) == pytest.approx(one.before, rel=1e-5)


@pytest.mark.parametrize("kind", ["masked", "bare", "causal"])
def test_the_folder_opens_like_any_model(found, folders, kind, tmp_path):
    found[kind].save(tmp_path / "out")
    old, new = load_backbone(folders[kind]), load_backbone(tmp_path / "out")
    assert (new.recipe.pooling, new.recipe.normalised) == (
        old.recipe.pooling,
        old.recipe.normalised,
    )
    assert new.length == old.length
    assert new.tokens(texts(3)) == old.tokens(texts(3))
    head = load_language_model(tmp_path / "out")
    assert head.perplexity(CORPUS.judge) == pytest.approx(found[kind].after, rel=1e-5)
    changed = load_encoder(tmp_path / "out").encode(tuple(texts(3)))
    before = load_encoder(folders[kind]).encode(tuple(texts(3)))
    assert changed.shape == before.shape
    assert not np.allclose(changed, before, atol=1e-3)
    ids, mask = new.padded(new.tokens(texts(3)))
    with torch.inference_mode():
        states = found[kind].model.model.base_model(input_ids=ids, attention_mask=mask.long())
        assert torch.allclose(new(ids, mask), states.last_hidden_state, atol=1e-5)


def test_the_folder_tells_how_it_came_about(found, folders, tmp_path):
    found["masked"].save(tmp_path / "out")
    told = json.loads((tmp_path / "out" / "pretraining.json").read_text())
    assert told["language"] == str(folders["masked"])
    assert told["base"] == load_backbone(folders["masked"]).digest
    assert told["perplexity"]["after"] == found["masked"].after
    assert told["settings"]["tuning"] == {"name": "full"}


def test_a_name_that_is_taken_is_refused_and_a_failed_write_leaves_nothing(
    found, tmp_path, monkeypatch
):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("keep me")
    with pytest.raises(UsageError, match="taken"):
        found["masked"].save(tmp_path / "taken")
    assert (tmp_path / "taken" / "mine.txt").read_text() == "keep me"

    def full_disk(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(found["masked"].model.model, "save_pretrained", full_disk)
    with pytest.raises(OSError, match="no space"):
        found["masked"].save(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


WAYS = [
    Full(),
    TopLayers(1),
    LoRA(4),
    AdaLoRA(2, 4, interval=1),
    BitFit(),
    IA3(),
]


@pytest.mark.parametrize("kind", ["masked", "causal"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_every_way_that_ends_in_weights(folders, kind, way, tmp_path):
    config = PretrainConfig(epochs=2, learning_rate=1e-2, batch_tokens=512, patience=9, tuning=way)
    one = pretrain(folders[kind], CORPUS, config)
    assert one.after < one.before
    assert not any("lora" in name or "ia3" in name for name in one.model.state_dict())
    one.save(tmp_path / "out")
    again = load_language_model(tmp_path / "out").perplexity(CORPUS.judge)
    assert again == pytest.approx(one.after, rel=1e-4)


@pytest.mark.parametrize("way", [Adapters(), PrefixTuning(), PromptTuning()], ids=lambda w: w.name)
def test_a_way_that_does_not_is_refused(folders, way):
    with pytest.raises(UsageError, match=f"tuning={way.name}"):
        pretrain(folders["masked"], CORPUS, PretrainConfig(tuning=way))


def test_the_same_seed_gives_the_same_weights(folders):
    config = PretrainConfig(epochs=1, batch_tokens=512, learning_rate=1e-2)
    one, same, other = (pretrain(folders["masked"], CORPUS, config, seed) for seed in (3, 3, 4))
    weights = [run.model.state_dict() for run in (one, same, other)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert not all(torch.equal(weights[0][name], weights[2][name]) for name in weights[0])


def test_where_nothing_helps_the_base_stays(folders):
    config = PretrainConfig(epochs=1, batch_tokens=256, learning_rate=1.0, patience=0)
    one = pretrain(folders["masked"], CORPUS, config)
    assert one.epoch == 0
    assert one.after == one.before
    base = load_language_model(folders["masked"]).state_dict()
    assert all(torch.equal(base[name], value) for name, value in one.model.state_dict().items())


def test_no_time_is_no_training(folders):
    one = pretrain(folders["masked"], CORPUS, PretrainConfig(epochs=5, minutes=0))
    assert (one.epoch, one.after) == (0, one.before)


def test_the_head_sees_hidden_tokens_alone_and_the_loss_is_the_models_own(folders):
    model = load_language_model(folders["masked"])
    batches = Batches(model, texts(20), Masking(), True, 200, generator(0, "test"))
    for batch in batches():
        golden = model.loss(batch.ids, batch.labels, batch.mask)
        assert loss_of(model, batch).item() == pytest.approx(golden.item(), rel=1e-5)
    assert batches.given == batches.count > 1


def test_a_new_head_takes_tokens_for_themselves(folders):
    from penchant.tune.pretrain_head import head_parameters, open_with_head

    model, fresh = open_with_head(folders["bare"], None)
    assert fresh
    transform = model.model.cls.predictions.transform.dense
    assert torch.equal(transform.weight, torch.eye(32))
    vectors = model.model.get_input_embeddings().weight
    assert model.model.cls.predictions.decoder.weight is vectors
    assert not any(weight is vectors for weight in head_parameters(model))
    assert not open_with_head(folders["masked"], None)[1]


def test_an_encoder_decoder_and_no_corpus_are_refused(folders):
    with pytest.raises(Unsupported, match="encoder-decoder"):
        pretrain(folders["seq2seq"], CORPUS)
    with pytest.raises(UsageError, match="corpus_of"):
        pretrain(folders["masked"])


def test_biases_that_the_folder_could_not_hold_are_not_learned(tmp_path):
    language = write_tiny_model(tmp_path / "llama", "llama")
    with pytest.raises(UsageError, match="no biases"):
        pretrain(language, CORPUS, PretrainConfig(tuning=BitFit()))
