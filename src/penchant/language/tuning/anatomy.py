"""Where things are in a transformer of transformers: its blocks, and in them each linear layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn
from transformers.pytorch_utils import Conv1D

from penchant.core import Unsupported, UsageError
from penchant.language.families import blocks_of

QUERY = ("query", "query_proj", "q_proj", "q_lin", "q")
KEY = ("key", "key_proj", "k_proj", "k_lin", "k")
VALUE = ("value", "value_proj", "v_proj", "v_lin", "v")
FUSED = ("c_attn", "Wqkv", "query_key_value", "qkv_proj", "in_proj")
"""Query, key and value in one matrix: GPT-2, ModernBERT, GPT-NeoX, Phi."""
MIXED = (
    *("attention.output.dense", "o_proj", "out_proj", "out_lin", "attn.c_proj", "attn.Wo"),
    *("attention.dense", "attn.o", "SelfAttention.o", "EncDecAttention.o"),
)
"""From the heads back to the block's width: what attention adds to the residual stream."""
OUTER = (
    *("output.dense", "mlp.c_proj", "mlp.Wo", "wo", "down_proj", "fc2", "lin2"),
    *("dense_4h_to_h", "ffn_output"),
)
"""From the feed-forward part back to the block's width."""

_FINAL_NORMS = ("ln_f", "norm", "final_norm", "final_layer_norm", "final_layernorm")

ROLES = {
    "query": QUERY,
    "key": KEY,
    "value": VALUE,
    "fused": FUSED,
    "mixed": MIXED,
    "outer": OUTER,
}
"""Role -> how the names of such layers end; the first that fits, and any other layer is ``inner``."""


@dataclass(frozen=True, slots=True)
class Site:
    """A linear layer in a block.

    Attributes:
        path: its name in the model.
        role: a key of ``ROLES``, or ``"inner"``: into the feed-forward part.
        layer: ``nn.Linear`` or ``Conv1D``.
    """

    path: str
    role: str
    layer: nn.Module


def stacks(model: Any) -> dict[str, list[nn.Module]]:
    """The stacks of blocks by name: one, or encoder and decoder.

    Raises:
        Unsupported: the blocks cannot be told apart.
    """
    names = {part: path for path, part in model.named_modules()}
    found: dict[str, list[nn.Module]] = {}
    for block in blocks_of(model):
        found.setdefault(names[block].rpartition(".")[0], []).append(block)
    return found


def top_blocks(model: Any, layers: int | None) -> list[tuple[str, nn.Module]]:
    """The top blocks with their names, bottom up; all where ``layers`` is None.

    Of an encoder-decoder those of each stack.

    Raises:
        UsageError: more layers than there are.
    """
    most = max((len(blocks) for blocks in stacks(model).values()), default=0)
    if layers is not None and layers > most:
        raise UsageError(
            f"layers={layers}: this language model has {most}. Ask for at most as many."
        )
    return [
        (f"{path}.{place}", block)
        for path, blocks in stacks(model).items()
        for place, block in enumerate(blocks)
        if layers is None or place >= len(blocks) - layers
    ]


def sites(model: Any, layers: int | None) -> list[Site]:
    """The linear layers of the top blocks, in the order of the model."""
    return [
        Site(f"{path}.{name}", _role(name), layer)
        for path, block in top_blocks(model, layers)
        for name, layer in block.named_modules()
        if isinstance(layer, nn.Linear | Conv1D)
    ]


def wanted(model: Any, layers: int | None, roles: Sequence[str], why: str) -> list[Site]:
    """The linear layers of some roles.

    Raises:
        Unsupported: there are none; ``why`` says who asked.
    """
    found = [site for site in sites(model, layers) if site.role in roles]
    if not found:
        raise Unsupported(
            f"{why} finds no such layers in {type(model).__name__}, whose linear layers are called "
            f"{', '.join(sorted({s.path.rsplit('.', 1)[-1] for s in sites(model, layers)}))}. "
            "Tune it with full or top-layers."
        )
    return found


def norms(part: nn.Module) -> list[tuple[str, nn.Module]]:
    """The normalisations inside a module: LayerNorm, RMSNorm and their kin."""
    return [(path, norm) for path, norm in part.named_modules() if "Norm" in type(norm).__name__]


def final_norms(model: Any) -> list[tuple[str, nn.Module]]:
    """The normalisation after the last block, where a model has one."""
    found = []
    for path in stacks(model):
        above = path.rpartition(".")[0]
        holder = model.get_submodule(above)
        for name in _FINAL_NORMS:
            norm = getattr(holder, name, None)
            if isinstance(norm, nn.Module):
                found.append((f"{above}.{name}" if above else name, norm))
    return found


def unused(path: str) -> bool:
    """Whether a parameter is of BERT's pooler, which no way of pooling here reads."""
    return path.startswith("pooler.") or ".pooler." in path


def trunk(model: Any) -> tuple[str, Any]:
    """The part that turns token ids into states, and its name: the model, or what its head sits on.

    Of an encoder-decoder it is the encoder.
    """
    if getattr(model.config, "is_encoder_decoder", False):
        encoder = model.get_encoder()
        return next((path, part) for path, part in model.named_modules() if part is encoder)
    name = body(model)
    return name, model.get_submodule(name)


def body(model: Any) -> str:
    """The name of what a language-model head sits on, "" where there is no head."""
    name = str(model.base_model_prefix)
    return name if name and isinstance(getattr(model, name, None), nn.Module) else ""


def _role(name: str) -> str:
    for role, endings in ROLES.items():
        if any(name == ending or name.endswith(f".{ending}") for ending in endings):
            return role
    return "inner"
