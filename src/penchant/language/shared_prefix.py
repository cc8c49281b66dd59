"""Questions that begin alike: their common beginning is read once, each ending on top of it.

Re-ranking asks one question a candidate, and all questions about one person begin with the same
history. Read whole, twenty questions of 120 tokens are 2,400 tokens; the common 100 once and the
twenty endings are 500.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .likelihood import Row, likelihoods, rows_of, scored
from .tuning import PrefixTuning, PromptTuning, tuning_of

if TYPE_CHECKING:
    from .language_model import LanguageModel

LEAST = 8
"""Tokens that must be shared before reading them apart pays."""

ENDINGS = 64
"""Endings read in one pass: each holds a copy of the keys and values of what is shared."""


_OWN_TOKENS = (PrefixTuning, PromptTuning)
"""Ways of tuning that put keys or tokens of their own before the text, so that a cache is shifted."""


def shared_choices(
    model: LanguageModel, questions: Sequence[Sequence[str]], words: Sequence[str]
) -> NDArray[np.float64]:
    """How likely each of a few words is after prompts that share their beginning.

    The same numbers as ``model.choices`` over all prompts, in less time: for causal models whose
    words are one token each; others are asked prompt by prompt.

    Args:
        model: a language model.
        questions: prompts, those that begin alike in one list.
        words: the choices, such as ``(" Yes", " No")``.

    Returns:
        log P(word | prompt) in nats, (prompts, words), list after list.
    """
    rows = [[[rows_of(model, p, word) for word in words] for p in group] for group in questions]
    if not all(_can_share(model, group) for group in rows):
        flat = [row for group in rows for asked in group for row in asked]
        return scored(model, flat).reshape(-1, len(words))
    training = model.training
    model.eval()
    try:
        found = [_group(model, group) for group in rows if group]
    finally:
        model.train(training)
    return np.concatenate(found) if found else np.zeros((0, len(words)))


def learned_choices(model: LanguageModel, prompts: Sequence[str], words: Sequence[str]) -> Tensor:
    """What ``shared_choices`` says of one list of prompts, with its gradient: (prompts, words) float32.

    The common beginning is read once here too, and what its endings teach is added up in it.
    """
    group = [[rows_of(model, prompt, word) for word in words] for prompt in prompts]
    common = _alike([asked[0].ids for asked in group])
    if len(group) > 1 and common >= LEAST and _can_share(model, group):
        return _endings(model, group, common)
    flat = [row for asked in group for row in asked]
    return likelihoods(model, flat).reshape(len(group), len(words)).float()


def _can_share(model: LanguageModel, group: list[list[Row]]) -> bool:
    """Whether what a prompt begins with may be read apart from its end."""
    single = all(len(row.answer) == 1 for asked in group for row in asked)
    # a word that shares a token with the end of its prompt is asked after another prompt
    alike = all(row.ids == asked[0].ids for asked in group for row in asked)
    own = isinstance(tuning_of(model), _OWN_TOKENS)
    return model.kind == "causal" and single and alike and not own


def _group(model: LanguageModel, group: list[list[Row]]) -> NDArray[np.float64]:
    ids = [asked[0].ids for asked in group]
    common = _alike(ids)
    if len(group) < 2 or common < LEAST:
        flat = [row for asked in group for row in asked]
        return scored(model, flat).reshape(len(group), -1)
    with torch.inference_mode():
        parts = [
            _endings(model, group[at : at + ENDINGS], common).double().cpu().numpy()
            for at in range(0, len(group), ENDINGS)
        ]
    return np.concatenate(parts)


def _endings(model: LanguageModel, group: list[list[Row]], common: int) -> Tensor:
    """Log-probabilities (prompts, words) of prompts whose first ``common`` tokens are the same."""
    device = model.model.device
    head = torch.tensor([group[0][0].ids[:common]], device=device)
    some: dict[str, Any] = {"logits_to_keep": 1} if model.keeps else {}
    read = model.model(input_ids=head, use_cache=True, **some)
    cache = read.past_key_values
    cache.batch_repeat_interleave(len(group))
    tails = [list(asked[0].ids[common:]) for asked in group]
    lengths = torch.tensor([len(tail) for tail in tails], device=device)
    longest = int(lengths.max())
    ids = torch.tensor([tail + [0] * (longest - len(tail)) for tail in tails], device=device)
    mask = torch.arange(longest, device=device)[None, :] < lengths[:, None]
    mask = torch.cat([mask.new_ones(len(group), common), mask], dim=1)  # (prompts, all)
    places, place = torch.unique(lengths - 1, return_inverse=True)  # of the last tokens
    some = {"logits_to_keep": places} if model.keeps else {}
    # padding stands at the end, where causal attention lets no earlier token see it
    logits = model.model(
        input_ids=ids, attention_mask=mask.long(), past_key_values=cache, use_cache=True, **some
    ).logits  # (prompts, places or longest, vocabulary)
    column = place if model.keeps else lengths - 1
    last = logits[torch.arange(len(group), device=device), column].float()
    said = torch.tensor([[row.answer[0] for row in asked] for asked in group], device=device)
    found: Tensor = last.log_softmax(dim=-1).gather(1, said)
    return found


def _alike(ids: Sequence[Sequence[int]]) -> int:
    """Tokens that all rows begin with; every row keeps at least one of its own."""
    most = min(len(row) for row in ids) - 1
    first = ids[0]
    return next((at for at in range(most) if any(row[at] != first[at] for row in ids)), most)
