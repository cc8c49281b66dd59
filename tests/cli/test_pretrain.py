"""``penchant pretrain``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from penchant.language import load_encoder


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """An encoder of 2 layers without a head, as a folder of its own."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("language") / "tiny"
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters)]
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=130,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(pieces), "utf-8")
    said = {"tokenizer_class": "BertTokenizer", "do_lower_case": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(said))
    return folder


def test_the_catalogue_alone_is_enough(call, tiny, model, tmp_path):
    items, out = tiny / "items.jsonl", tmp_path / "shop"
    said = call("pretrain", "--items", items, "--language", model, "--out", out, "--epochs", "1")
    assert said.status == 0, said.err
    assert "perplexity on texts held out" in said.out
    assert "new head" in said.out
    assert "54 texts to learn from, 6 held out" in said.err
    assert load_encoder(out).encode(("a warm film",)).shape == (1, 16)


def test_events_are_read_from_the_training_part(call, data, model, tmp_path):
    out = tmp_path / "shop"
    argv = ["--language", model, "--out", out, "--epochs", "1", "--user-texts", "7", "--json"]
    more = ["--split", "leave-last-out", "--tuning", "lora", "--whole-words", "--minutes", "1"]
    said = call("pretrain", *data, *argv, *more)
    assert said.status == 0, said.err
    told = json.loads(said.out)
    assert told["texts"] == 54 + 7
    assert told["settings"]["tuning"]["name"] == "lora"
    assert told["settings"]["learning_rate"] == 5e-4
    assert told["perplexity"]["with_new_head"] is not None


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--items", "{items}"], "--out: missing"),
        (["--out", "x"], "--items: missing"),
        (["--items", "{items}", "--out", "{items}"], "taken"),
        (["--items", "{items}", "--out", "x", "--tuning", "lorra"], "lora"),
        (["--items", "{items}", "--out", "x", "--tuning", "prefix"], "prefix"),
        (["--items", "nowhere.csv", "--out", "x"], "nowhere.csv"),
        (["--items", "nowhere.csv", "--out", "x", "--tuning", "prompt"], "--tuning prompt: choose"),
        (["--items", "nowhere.csv", "--out", "x", "--learning-rate", "nan"], "--learning-rate nan"),
        (["--items", "nowhere.csv", "--out", "x", "--learning-rate", "-3"], "--learning-rate -3"),
        (["--items", "nowhere.csv", "--out", "x", "--minutes", "0"], "--minutes 0: give"),
        (
            ["--items", "nowhere.csv", "--out", "x", "--split", "leave-last-out"],
            "no events to split",
        ),
    ],
    ids=str,
)
def test_a_wrong_call_is_refused_before_anything_is_loaded(
    call, tiny, tmp_path, monkeypatch, argv, message
):
    monkeypatch.chdir(tmp_path)
    said = call("pretrain", *(part.format(items=tiny / "items.jsonl") for part in argv))
    assert said.status in (1, 2)
    assert message in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(("argv", "seed"), [([], 5), (["--seed", "6"], 6)])
def test_a_split_of_the_file_is_cut_with_the_seed_of_the_file(
    call, data, tmp_path, monkeypatch, argv, seed
):
    from penchant.core import UsageError
    from penchant.data import Dataset

    def split(_, protocol, seed):
        raise UsageError(f"cut {protocol} with {seed}")

    monkeypatch.setattr(Dataset, "split", split)
    config = tmp_path / "penchant.toml"
    config.write_text('[fit]\nseed = 5\nsplit = "new-users:0.2"\n')
    said = call("pretrain", "--config", config, *data, "--out", tmp_path / "shop", *argv)
    assert f"cut new-users:0.2 with {seed}" in said.err
