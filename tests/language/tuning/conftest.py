"""Tiny models of each family with random weights, and what each way of tuning must train of them."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace

import torch
import transformers
from torch import nn

from penchant.language.backbone import Backbone
from penchant.language.recipe import Recipe
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

WORDS, PLACES, WIDTH, INNER, HEADS, BLOCKS = 60, 40, 32, 64, 4, 3
PAIR = (WIDTH, WIDTH)
TOKENS = [[5, 6, 7, 8, 9], [10, 11, 12], [13, 14, 15, 16, 17, 18, 19], [20]]


@dataclass(frozen=True)
class Family:
    """A tiny model in numbers, written down by hand.

    Attributes:
        linears: (in, out) of each linear layer of a block.
        query_value: which of them LoRA calls query-value.
        scaled: numbers that IA3 multiplies in a block.
        biases: bias numbers of a block, norms included.
        norms: numbers of a block's norms.
        final: numbers of the norm after the last block; of them biases.
        below: numbers of what is below the blocks (and used); of them biases.
        heads: key heads.
        first: numbers that only the first block has.
        linear_bias: whether the linear layers have biases.
    """

    linears: tuple[tuple[int, int], ...]
    query_value: tuple[int, ...]
    scaled: int
    biases: int
    norms: int
    final: tuple[int, int]
    below: tuple[int, int]
    heads: int = HEADS
    first: int = 0
    linear_bias: bool = True

    @property
    def block(self) -> int:
        biases = sum(out for _, out in self.linears) if self.linear_bias else 0
        return sum(i * o for i, o in self.linears) + biases + self.norms


FAMILIES = {
    "bert": Family(
        linears=(PAIR, PAIR, PAIR, PAIR, (WIDTH, INNER), (INNER, WIDTH)),
        query_value=(0, 2),
        scaled=2 * WIDTH + INNER,
        biases=4 * WIDTH + INNER + WIDTH + 2 * WIDTH,
        norms=4 * WIDTH,
        final=(0, 0),
        below=((WORDS + PLACES + 2) * WIDTH + 2 * WIDTH, WIDTH),
    ),
    "gpt2": Family(
        linears=((WIDTH, 3 * WIDTH), PAIR, (WIDTH, INNER), (INNER, WIDTH)),
        query_value=(0,),
        scaled=3 * WIDTH + INNER,
        biases=3 * WIDTH + WIDTH + INNER + WIDTH + 2 * WIDTH,
        norms=4 * WIDTH,
        final=(2 * WIDTH, WIDTH),
        below=((WORDS + PLACES) * WIDTH, 0),
    ),
    "llama": Family(
        linears=(
            *(PAIR, (WIDTH, WIDTH // 2), (WIDTH, WIDTH // 2), PAIR),
            *((WIDTH, INNER), (WIDTH, INNER), (INNER, WIDTH)),
        ),
        query_value=(0, 2),
        scaled=WIDTH + INNER,
        biases=0,
        norms=2 * WIDTH,
        final=(WIDTH, 0),
        below=(WORDS * WIDTH, 0),
        heads=HEADS // 2,
        linear_bias=False,
    ),
    "t5": Family(
        linears=(PAIR, PAIR, PAIR, PAIR, (WIDTH, INNER), (INNER, WIDTH)),
        query_value=(0, 2),
        scaled=2 * WIDTH + INNER,
        biases=0,
        norms=2 * WIDTH,
        final=(WIDTH, 0),
        below=(WORDS * WIDTH, 0),
        first=32 * HEADS,
        linear_bias=False,
    ),
}
"""An encoder, a decoder, a decoder with shared key heads and no biases, an encoder-decoder's half."""

SMALL = {"hidden_size": WIDTH, "intermediate_size": INNER, "num_attention_heads": HEADS}
SMALL |= {"vocab_size": WORDS, "num_hidden_layers": BLOCKS, "max_position_embeddings": PLACES}
SMALL |= {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
CONFIGS = {
    "bert": ("Bert", SMALL),
    "gpt2": (
        "GPT2",
        {"vocab_size": WORDS, "n_positions": PLACES, "n_embd": WIDTH, "n_layer": BLOCKS}
        | {"n_head": HEADS, "n_inner": INNER, "bos_token_id": 1, "eos_token_id": 2},
    ),
    "llama": ("Llama", SMALL | {"num_key_value_heads": HEADS // 2}),
    "t5": (
        "T5",
        {"vocab_size": WORDS, "d_model": WIDTH, "d_kv": WIDTH // HEADS, "d_ff": INNER}
        | {"num_layers": BLOCKS, "num_heads": HEADS, "decoder_start_token_id": 0},
    ),
    "roberta": ("Roberta", SMALL),
    "qwen2": ("Qwen2", SMALL | {"num_key_value_heads": HEADS // 2}),
    "distilbert": (
        "DistilBert",
        {"vocab_size": WORDS, "dim": WIDTH, "hidden_dim": INNER, "n_layers": BLOCKS}
        | {"n_heads": HEADS, "max_position_embeddings": PLACES},
    ),
    "modernbert": ("ModernBert", SMALL | {"cls_token_id": 1, "sep_token_id": 2}),
    "mpnet": ("MPNet", SMALL),
    "ernie": ("Ernie", SMALL),
    "deberta": ("DebertaV2", SMALL),
    "bart": (
        "Bart",
        {"vocab_size": WORDS, "max_position_embeddings": PLACES, "d_model": WIDTH}
        | {f"{side}_layers": BLOCKS for side in ("encoder", "decoder")}
        | {f"{side}_attention_heads": HEADS for side in ("encoder", "decoder")}
        | {f"{side}_ffn_dim": INNER for side in ("encoder", "decoder")},
    ),
}

WAYS = {
    "full": Full(),
    "top-layers": TopLayers(layers=1),
    "lora": LoRA(rank=4),
    "lora of the top": LoRA(rank=4, layers=1, targets="query-value"),
    "adalora": AdaLoRA(rank=2, start_rank=3),
    "adalora of the top": AdaLoRA(rank=2, start_rank=3, layers=2),
    "adapters": Adapters(size=6),
    "adapters of the top": Adapters(size=6, layers=1, norms=False),
    "prefix": PrefixTuning(tokens=5),
    "prefix of the top": PrefixTuning(tokens=5, layers=2),
    "prompt": PromptTuning(tokens=5),
    "bitfit": BitFit(),
    "bitfit of the top": BitFit(layers=1),
    "ia3": IA3(),
    "ia3 of the top": IA3(layers=2),
}

"""Name -> way. Those of the top blocks alone are tested on BERT, the others on every family."""

MATRIX = [
    (family, name)
    for family in FAMILIES
    for name in WAYS
    if family == "bert" or "top" not in name[3:]
]


def transformer(family: str, kind: str = "Model") -> nn.Module:
    """A fresh tiny model with random weights that are not all zero or one."""
    return copy.deepcopy(_made(family, kind))


@cache
def _made(family: str, kind: str) -> nn.Module:
    name, fields = CONFIGS[family]
    config = getattr(transformers, f"{name}Config")(**fields)
    kind = "EncoderModel" if family == "t5" and kind == "Model" else kind
    torch.manual_seed(0)
    model = getattr(transformers, f"{name}{kind}")(config)
    for weight in model.parameters():
        weight.data += 0.05 * torch.randn(weight.shape)
    return model.eval()


def backbone(family: str, *pooling: str, digest: str = "a base", prompt: str = "") -> Backbone:
    tokenizer = SimpleNamespace(pad_token_id=0, unk_token_id=None)
    recipe = Recipe(pooling=pooling or ("mean",), prompt=prompt)
    return Backbone(transformer(family), tokenizer, recipe, 32, digest)


def trainable(module: nn.Module) -> set[str]:
    return {name for name, weight in module.named_parameters() if weight.requires_grad}


def teach(module: Backbone, steps: int = 1, rate: float = 1e-3) -> list[float]:
    """Losses of some steps towards fixed random vectors."""
    target = torch.randn(len(TOKENS), module.dim, generator=torch.Generator().manual_seed(1))
    learned = [weight for weight in module.parameters() if weight.requires_grad]
    optimiser, losses = torch.optim.Adam(learned, lr=rate), []
    for _ in range(steps + 1):
        loss = (module.vectors(TOKENS) - target).square().mean()
        losses.append(float(loss.detach()))
        optimiser.zero_grad()
        loss.backward()
        if len(losses) <= steps:
            optimiser.step()
    return losses


def answers(module: Backbone) -> torch.Tensor:
    with torch.no_grad():
        return module.vectors(TOKENS)
