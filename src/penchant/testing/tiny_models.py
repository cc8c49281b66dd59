"""Language models of every family that are written in a blink: two layers, random weights.

They read and write bytes, a few letter pairs and some marks, so that no text is unknown to them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PretrainedConfig

LAYERS, HIDDEN, HEADS, PLACES = 2, 32, 4, 64

_HEADS = {
    "encoder": "AutoModelForMaskedLM",
    "decoder": "AutoModelForCausalLM",
    "encoder-decoder": "AutoModelForSeq2SeqLM",
}
_BERT = ("[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]")
_ROBERTA = ("<s>", "</s>", "<pad>", "<unk>", "<mask>")
_WIDTHS = {
    "hidden_size": HIDDEN,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "intermediate_size": 2 * HIDDEN,
    "max_position_embeddings": PLACES,
}
_LLAMA = {**_WIDTHS, "num_key_value_heads": 2, "tie_word_embeddings": True}


@dataclass(frozen=True)
class TinyKind:
    """How a tiny model of one architecture is made.

    Attributes:
        model_type: the architecture, by transformers' name.
        family: ``"encoder"``, ``"decoder"`` or ``"encoder-decoder"``.
        settings: of its configuration.
        marks: tokens that begin a text, end it, pad, stand for the unknown, and hide a token.
        begins: whether the first mark is put before each text.
        ends: whether the second mark is put behind each text.
        padding: the id of the padding token.
    """

    model_type: str
    family: str
    settings: dict[str, Any]
    marks: tuple[str, ...] = _BERT
    begins: bool = True
    ends: bool = True
    padding: int = 0


def _encoder(model_type: str, **settings: Any) -> TinyKind:
    return TinyKind(model_type, "encoder", {**_WIDTHS, **settings})


_LEFT = ("<|s|>", "<|end|>", "<|pad|>", "<|unk|>", "<|mask|>")
_T5 = {
    "d_model": HIDDEN,
    "d_kv": HIDDEN // HEADS,
    "d_ff": 2 * HIDDEN,
    "num_layers": LAYERS,
    "num_decoder_layers": LAYERS,
    "num_heads": HEADS,
}
TINY_KINDS: dict[str, TinyKind] = {
    "bert": _encoder("bert"),
    "minilm": _encoder("bert", intermediate_size=4 * HIDDEN),
    "roberta": TinyKind("roberta", "encoder", {**_WIDTHS}, _ROBERTA, padding=1),
    "xlm-roberta": TinyKind("xlm-roberta", "encoder", {**_WIDTHS}, _ROBERTA, padding=1),
    "deberta": _encoder("deberta", relative_attention=True, pos_att_type=["c2p", "p2c"]),
    "deberta-v2": _encoder(
        "deberta-v2", relative_attention=True, pos_att_type=["c2p", "p2c"], position_buckets=16
    ),
    "ernie": _encoder("ernie"),
    "distilbert": TinyKind(
        "distilbert",
        "encoder",
        {
            "dim": HIDDEN,
            "n_layers": LAYERS,
            "n_heads": HEADS,
            "hidden_dim": 2 * HIDDEN,
            "max_position_embeddings": PLACES,
        },
    ),
    "electra": _encoder("electra", embedding_size=HIDDEN // 2),
    "gpt2": TinyKind(
        "gpt2",
        "decoder",
        {"n_embd": HIDDEN, "n_layer": LAYERS, "n_head": HEADS, "n_positions": PLACES},
        _LEFT,
        begins=False,
        ends=False,
    ),
    "llama": TinyKind("llama", "decoder", _LLAMA, _LEFT, begins=True, ends=False),
    "qwen2": TinyKind("qwen2", "decoder", _LLAMA, _LEFT, begins=False, ends=False),
    "qwen3": TinyKind(
        "qwen3", "decoder", {**_LLAMA, "head_dim": 8}, _LEFT, begins=False, ends=False
    ),
    "t5": TinyKind("t5", "encoder-decoder", _T5, _ROBERTA, begins=False, padding=1),
}
"""Name -> how it is made: the architectures that the conformance checks of backbones run on."""


def write_tiny_model(folder: Path, name: str, seed: int = 0, head: bool = True) -> Path:
    """Write a tiny model with random weights to a folder.

    Args:
        folder: where; made if it is not there.
        name: one of ``TINY_KINDS``.
        seed: of the weights.
        head: whether the language-model head is written too. ``"minilm"`` never has one: it is a
            folder of sentence-transformers, as the published ones are.

    Returns:
        the folder.
    """
    import torch
    import transformers
    from transformers import AutoConfig

    kind = TINY_KINDS[name]
    tokens = _tokenizer(kind)
    config: PretrainedConfig = AutoConfig.for_model(
        kind.model_type, **kind.settings, vocab_size=len(tokens), **_special(tokens)
    )
    opener = getattr(
        transformers, _HEADS[kind.family] if head and name != "minilm" else "AutoModel"
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = opener.from_config(config)
        for part in model.parameters():  # wide enough that texts differ clearly
            if part.dim() > 1:
                torch.nn.init.normal_(part, std=0.2)
        model.save_pretrained(folder)
        tokens.save_pretrained(folder)
    if name == "minilm":
        _write_steps(folder)
    return folder


def _special(tokens: Any) -> dict[str, int]:
    return {
        "pad_token_id": tokens.pad_token_id,
        "bos_token_id": tokens.bos_token_id or tokens.cls_token_id,
        "eos_token_id": tokens.eos_token_id or tokens.sep_token_id,
        "decoder_start_token_id": tokens.pad_token_id,
    }


def _tokenizer(kind: TinyKind) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    begin, end, padding, unknown, hidden = kind.marks
    marks = [begin, end, unknown, hidden]
    marks.insert(kind.padding, padding)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("a", "n"), ("e", "r"), ("Ġ", "a"), ("t", "h"), ("th", "e")]
    words = [*marks, *letters, *("".join(pair) for pair in merges)]
    core = Tokenizer(models.BPE(vocab={w: n for n, w in enumerate(words)}, merges=merges))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    template = [begin] * kind.begins + ["$A"] + [end] * kind.ends
    core.post_processor = processors.TemplateProcessing(
        single=" ".join(template),
        pair=" ".join([*template, "$B", *([end] * kind.ends)]),
        special_tokens=[(mark, words.index(mark)) for mark in (begin, end)],
    )
    names = {"pad_token": padding, "unk_token": unknown, "mask_token": hidden}
    both = {"cls_token": begin, "sep_token": end} if kind.family == "encoder" else {}
    make: Any = PreTrainedTokenizerFast  # carries no types
    return make(
        tokenizer_object=core,
        bos_token=begin,
        eos_token=end,
        model_max_length=PLACES,
        **names,
        **both,
    )


def _write_steps(folder: Path) -> None:
    """What makes it a folder of sentence-transformers: pooled by the mean, length 1."""
    steps = [
        {
            "path": f"{number}_{step}" if number else "",
            "type": f"sentence_transformers.models.{step}",
        }
        for number, step in enumerate(("Transformer", "Pooling", "Normalize"))
    ]
    (folder / "modules.json").write_text(json.dumps(steps), "utf-8")
    (folder / "1_Pooling").mkdir(exist_ok=True)
    mean = {"pooling_mode_mean_tokens": True, "word_embedding_dimension": HIDDEN}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(mean), "utf-8")
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 32}', "utf-8")
