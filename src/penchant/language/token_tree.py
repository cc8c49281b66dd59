"""Prompts that begin alike as one row of tokens: the beginning, then each ending.

An ending sees the beginning and itself and is placed right behind the beginning, so that every token
has the state that it has in its own prompt. Twenty questions of 120 tokens are 2,400 tokens; as a
tree the common 100 once and the endings are 500, in one pass and without copies of keys and values.

Source: the attention mask of X. Miao et al., "SpecInfer: Accelerating Large Language Model Serving
with Tree-based Speculative Inference and Verification", ASPLOS 2024.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from .padding import padded

if TYPE_CHECKING:
    from .language_model import LanguageModel

CLOSE = 1e-3
"""Nats by which a tree and whole prompts may differ in a model that reads trees."""

_PROBE = (2, 3, 4, 5, 6, 7, 8, 9)
_known: WeakKeyDictionary[nn.Module, bool] = WeakKeyDictionary()


class Tree(NamedTuple):
    """One row of tokens.

    Attributes:
        ids: the tokens.
        places: of each token in its own prompt.
        part: 0 for the common beginning, n for the n-th ending.
        last: where each ending stops.
    """

    ids: list[int]
    places: list[int]
    part: list[int]
    last: list[int]


def tree_of(prompts: Sequence[Sequence[int]]) -> Tree:
    """The tree of some prompts' tokens; each prompt keeps at least one token as its ending.

    >>> tree_of([(7, 8, 1), (7, 8, 2, 3)]).ids
    [7, 8, 1, 2, 3]
    """
    common = alike(prompts)
    tree = Tree(list(prompts[0][:common]), list(range(common)), [0] * common, [])
    for number, prompt in enumerate(prompts, 1):
        tree.ids.extend(prompt[common:])
        tree.places.extend(range(common, len(prompt)))
        tree.part.extend([number] * (len(prompt) - common))
        tree.last.append(len(tree.ids) - 1)
    return tree


def alike(prompts: Sequence[Sequence[int]]) -> int:
    """Tokens that all prompts begin with; every prompt keeps at least one of its own."""
    most = min(len(prompt) for prompt in prompts) - 1
    first = prompts[0]
    return next((at for at in range(most) if any(p[at] != first[at] for p in prompts)), most)


def read_trees(model: LanguageModel, trees: Sequence[Tree]) -> Tensor:
    """What comes after each ending, log P in nats, (endings of all trees, vocabulary) float32.

    The states have the precision of the context; the head's product is made in float32. In bfloat16
    logits around 20 stand in steps of 1/8, which is more than often tells two items apart.
    """
    ids, real = padded(model, [tree.ids for tree in trees])  # (trees, longest)
    places, _ = padded(model, [tree.places for tree in trees])
    part, _ = padded(model, [tree.part for tree in trees])
    seen = (part[:, :, None] == part[:, None, :]) | (part[:, None, :] == 0)
    earlier = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool, device=ids.device).tril()
    # padding sees itself too: a token that sees nothing has no state
    seen = seen & earlier & real[:, None, :] | torch.eye(len(earlier), device=ids.device).bool()
    states = model.model.base_model(
        input_ids=ids, position_ids=places, attention_mask=seen[:, None], use_cache=False
    ).last_hidden_state  # (trees, longest, width)
    row = [at for at, tree in enumerate(trees) for _ in tree.last]
    column = [place for tree in trees for place in tree.last]
    head = model.model.get_output_embeddings()
    with torch.autocast(ids.device.type, enabled=False):
        logits = head(states[row, column].to(head.weight.dtype))
        found: Tensor = logits.float().log_softmax(dim=-1)
        return found


def reads_trees(model: LanguageModel, longest: int) -> bool:
    """Whether a model, asked with trees, says what it says of whole prompts.

    It is tried once a model: attention may be of a kind that takes no mask, places may be counted
    otherwise, and between states and answer may stand more than the head.

    Args:
        model: a causal one.
        longest: tokens of the longest prompt; a sliding window must hold it.
    """
    if model not in _known:
        _known[model] = _tried(model)
    window = getattr(model.model.config.get_text_config(), "sliding_window", None)
    return _known[model] and (not window or longest <= window)


@torch.no_grad()
def _tried(model: LanguageModel) -> bool:
    if getattr(model.model.config, "_attn_implementation", None) != "sdpa":
        return False
    training, device = model.training, model.model.device
    model.eval()
    try:
        whole = [(*_PROBE, 3), (*_PROBE, 5, 7), (*_PROBE, 2, 9, 4)]
        with torch.autocast(device.type, enabled=False):
            found = read_trees(model, [tree_of(whole), tree_of([_PROBE[:3]])])
            for prompt, said in zip([*whole, _PROBE[:3]], found, strict=True):
                logits = model.model(input_ids=torch.tensor([prompt], device=device)).logits[0, -1]
                if (logits.float().log_softmax(dim=-1) - said).abs().max() > CLOSE:
                    return False
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError):
        return False  # its body or its head is called otherwise
    finally:
        model.train(training)
    return True
