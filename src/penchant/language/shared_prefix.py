"""Questions that begin alike: their common beginning is read once, each ending on top of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .batches import batches_by_length
from .likelihood import Row, likelihoods, rows_of, scored
from .token_tree import Tree, read_trees, reads_trees, tree_of
from .tuning import PrefixTuning, PromptTuning, tuning_of

if TYPE_CHECKING:
    from .language_model import LanguageModel

ENDINGS = 64
"""Endings of one row: all of them are compared with each other by attention, seen or not."""

TOKENS = 1024
"""Tokens of one pass, padding included: more are no faster on a CPU."""

_OWN_TOKENS = (PrefixTuning, PromptTuning)
"""Ways of tuning that put keys or tokens of their own before the text."""


def shared_choices(
    model: LanguageModel, questions: Sequence[Sequence[str]], words: Sequence[str]
) -> NDArray[np.float64]:
    """How likely each of a few words is after prompts that share their beginning.

    The same numbers as ``model.choices`` over all prompts, in less time: for causal models whose
    words are one token each; others are asked prompt by prompt. Under autocast to bfloat16 the head
    stays in float32, see ``read_trees``.

    Args:
        model: a language model.
        questions: prompts, those that begin alike in one list.
        words: the choices, such as ``(" Yes", " No")``.

    Returns:
        log P(word | prompt) in nats, (prompts, words), list after list.
    """
    groups = _asked(model, questions, words)
    if not _can_share(model, groups):
        flat = [row for group in groups for asked in group for row in asked]
        return scored(model, flat).reshape(-1, len(words))
    parts = [group[at : at + ENDINGS] for group in groups for at in range(0, len(group), ENDINGS)]
    trees = [tree_of([asked[0].ids for asked in part]) for part in parts]
    starts = np.cumsum([0, *(len(part) for part in parts)])
    found = np.zeros((starts[-1], len(words)))
    training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            lengths = np.array([len(tree.ids) for tree in trees], np.int64)
            for batch in batches_by_length(lengths, TOKENS, slack=0.1):
                said = _said(model, [parts[n] for n in batch], [trees[n] for n in batch])
                rows = np.concatenate([np.arange(starts[n], starts[n + 1]) for n in batch])
                found[rows] = said.double().cpu().numpy()
    finally:
        model.train(training)
    return found


def learned_choices(
    model: LanguageModel, questions: Sequence[Sequence[str]], words: Sequence[str]
) -> list[Tensor]:
    """What ``shared_choices`` says, in one pass and with its gradient: (prompts, words) float32 a list.

    The common beginning is read once here too, and what its endings teach is added up in it.
    """
    groups = _asked(model, questions, words)
    if _can_share(model, groups):
        said = _said(model, groups, [tree_of([asked[0].ids for asked in g]) for g in groups])
    else:
        flat = [row for group in groups for asked in group for row in asked]
        said = likelihoods(model, flat).reshape(-1, len(words)).float()
    cuts = np.cumsum([0, *(len(group) for group in groups)]).tolist()
    return [said[start:stop] for start, stop in pairwise(cuts)]


def _asked(
    model: LanguageModel, questions: Sequence[Sequence[str]], words: Sequence[str]
) -> list[list[list[Row]]]:
    return [[[rows_of(model, p, word) for word in words] for p in group] for group in questions]


def _can_share(model: LanguageModel, groups: list[list[list[Row]]]) -> bool:
    """Whether what prompts begin with may be read apart from their ends."""
    rows = [asked for group in groups for asked in group]
    single = all(len(row.answer) == 1 for asked in rows for row in asked)
    # a word that shares a token with the end of its prompt is asked after another prompt
    same = all(row.ids == asked[0].ids for asked in rows for row in asked)
    own = isinstance(tuning_of(model), _OWN_TOKENS)
    if not rows or model.kind != "causal" or not single or not same or own:
        return False
    return reads_trees(model, max(len(asked[0].ids) for asked in rows))


def _said(model: LanguageModel, groups: list[list[list[Row]]], trees: list[Tree]) -> Tensor:
    """Log-probabilities of the words after every prompt, (prompts, words)."""
    after = read_trees(model, trees)  # (prompts, vocabulary)
    words = [[row.answer[0] for row in asked] for group in groups for asked in group]
    return after.gather(1, torch.tensor(words, device=after.device))
