from __future__ import annotations

import json

import pytest

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghij", "雨", "夜", "?"]


@pytest.fixture
def tiny_model(tmp_path):
    """A function that writes a BERT of 2 layers and 8 dimensions with random weights to a folder."""

    def write(pooling: dict | None = None, modules: list[str] | None = None, **sentence):
        import torch
        from transformers import BertConfig, BertModel

        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=len(VOCABULARY),
            hidden_size=8,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=16,
            max_position_embeddings=32,
        )
        folder = tmp_path / "model"
        BertModel(config, add_pooling_layer=False).save_pretrained(folder)
        (folder / "vocab.txt").write_text("\n".join(VOCABULARY), "utf-8")
        tokenizer = {"tokenizer_class": "BertTokenizer", "do_lower_case": True}
        (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
        if modules is not None:
            steps = [
                {"path": f"{n}_{step}", "type": f"st.models.{step}"}
                for n, step in enumerate(modules)
            ]
            (folder / "modules.json").write_text(json.dumps(steps))
        if pooling is not None:
            (folder / "1_Pooling").mkdir()
            (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
        if sentence:
            (folder / "sentence_bert_config.json").write_text(json.dumps(sentence))
        return folder

    return write


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory):
    """Name -> folder: a tiny model of every kind, written once."""
    from penchant.testing import TINY_KINDS, write_tiny_model

    home = tmp_path_factory.mktemp("families")
    return {name: write_tiny_model(home / name, name) for name in TINY_KINDS}
