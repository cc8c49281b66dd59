"""Rows of tokens whose likelihood is asked for, and how a model answers them in batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from penchant.core import UsageError

from .batches import batches_by_length
from .padding import padded

if TYPE_CHECKING:
    from .language_model import LanguageModel

TOKENS_A_BATCH = 4096
"""Tokens of one forward pass, padding included."""

LOGITS_A_BATCH = 1 << 25
"""Most logits of one forward pass (128 MB): a vocabulary is large, and every token has one each."""

STRIDE = 7
"""One token in so many is masked at a time: 14 %, where masked models are trained with 15 %."""

MASK = "{mask}"
"""Where the answer stands in a masked model's prompt."""


class Row(NamedTuple):
    """A question: how likely are these tokens at these places?

    Attributes:
        ids: the tokens that the model reads.
        places: for each token of the answer, the place whose state predicts it.
        answer: the tokens asked about.
    """

    ids: tuple[int, ...]
    places: tuple[int, ...]
    answer: tuple[int, ...]


def rows_of(model: LanguageModel, prompt: str, answer: str) -> Row:
    """The row that asks for an answer after a prompt.

    Raises:
        UsageError: the answer has no tokens, or the prompt of a masked model no ``{mask}``.
    """
    make = {"masked": _masked, "causal": _causal, "seq2seq": _seq2seq}[model.kind]
    return make(model, prompt, answer)


def perplexity_rows(model: LanguageModel, text: str) -> list[Row]:
    """The rows that together ask for every token of a text once."""
    prefix, suffix = model.marks
    if model.kind == "causal":
        ids = [*(prefix or _beginning(model)), *_ids(model, text)][: model.length]
        places = tuple(range(len(prefix or ids[:1]) - 1, len(ids) - 1))
        row = Row(tuple(ids[:-1]), places, tuple(ids[place + 1] for place in places))
        return [row] if places else []
    inside = _ids(model, text)[: model.length - len(prefix) - len(suffix)]
    ids = [*prefix, *inside, *suffix]
    rows = []
    for offset in range(min(STRIDE, len(inside))):
        places = tuple(range(len(prefix) + offset, len(prefix) + len(inside), STRIDE))
        hidden = [
            model.tokenizer.mask_token_id if at in places else ids[at] for at in range(len(ids))
        ]
        rows.append(Row(tuple(hidden), places, tuple(ids[place] for place in places)))
    return rows


@torch.inference_mode()
def scored(model: LanguageModel, rows: Sequence[Row]) -> NDArray[np.float64]:
    """The log-likelihood of each row's answer, in nats, (rows,).

    Rows that read the same tokens share a pass; a batch holds rows of nearly the same length, and a
    row's result does not depend on its neighbours.
    """
    out = np.zeros(len(rows))
    # seq2seq models are asked through their labels, so there the answer is part of what is read
    seq2seq = model.kind == "seq2seq"
    askers: dict[tuple[tuple[int, ...], ...], list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        askers[(row.ids, row.answer) if seq2seq else (row.ids,)].append(number)
    read = list(askers)
    lengths = np.array([len(key[0]) for key in read], np.int64)
    was_training = model.training
    model.eval()
    try:
        for batch in batches_by_length(lengths, _budget(model)):
            asked = [[rows[number] for number in askers[read[place]]] for place in batch]
            for place, values in zip(batch, _pass(model, asked), strict=True):
                out[askers[read[place]]] = values.cpu().numpy()
    finally:
        model.train(was_training)
    return out


def likelihoods(model: LanguageModel, rows: Sequence[Row]) -> Tensor:
    """What ``scored`` says of rows, in one pass and with its gradient: (rows,) float64, in nats.

    Rows that read the same tokens share them; of a seq2seq model those that have the same answer too.
    """
    alike: dict[tuple[tuple[int, ...], ...], list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        alike[(row.ids, row.answer) if model.kind == "seq2seq" else (row.ids,)].append(number)
    values = torch.cat(_pass(model, [[rows[n] for n in group] for group in alike.values()]))
    back = torch.tensor([n for group in alike.values() for n in group], device=values.device)
    return values[torch.argsort(back)]


def _pass(model: LanguageModel, asked: list[list[Row]]) -> list[Tensor]:
    """Values of the rows of one batch; the rows of an inner list read the same tokens."""
    ids, mask = padded(model, [group[0].ids for group in asked])
    labels = None
    if model.kind == "seq2seq":
        labels, kept = padded(model, [group[0].answer for group in asked])
        labels = labels.masked_fill(~kept, -100)
    columns = sorted({place for group in asked for row in group for place in row.places})
    where = {column: at for at, column in enumerate(columns)}
    logits = model.logits(ids, mask, torch.tensor(columns, device=ids.device), labels)
    totals = logits.logsumexp(dim=-1)  # (batch, columns)
    values = []
    for at, group in enumerate(asked):
        places = [[where[place] for place in row.places] for row in group]
        said = [
            logits[at, place, list(row.answer)] - totals[at, place]
            for place, row in zip(places, group, strict=True)
        ]
        values.append(torch.stack([each.double().sum() for each in said]))
    return values


def _budget(model: LanguageModel) -> int:
    vocabulary = int(model.model.config.get_text_config().vocab_size)
    return min(TOKENS_A_BATCH, max(1, LOGITS_A_BATCH // vocabulary))


def _causal(model: LanguageModel, prompt: str, answer: str) -> Row:
    prompt, answer = _spaced(prompt, answer)
    before, whole = _ids(model, prompt), _ids(model, prompt + answer)
    start = _alike(before, whole)  # all of the prompt, but where a token spans the border
    said = _said(whole[start:], prompt, answer)
    prefix = model.marks[0]
    before = before[:start]
    if not prefix and not before:
        prefix = _beginning(model)
    room = max(0, model.length + 1 - len(prefix) - len(said))
    read = [*prefix, *before[max(0, len(before) - room) :]]
    ids = (*read, *said[:-1])
    return Row(ids, tuple(range(len(read) - 1, len(ids))), tuple(said))


def _seq2seq(model: LanguageModel, prompt: str, answer: str) -> Row:
    said = _said(_ids(model, answer), prompt, answer)
    prefix, suffix = model.marks
    inside = _ids(model, prompt)
    room = model.length - len(prefix) - len(suffix)
    ids = (*prefix, *inside[max(0, len(inside) - room) :], *suffix)
    return Row(ids or tuple(_beginning(model)), tuple(range(len(said))), tuple(said))


def _masked(model: LanguageModel, prompt: str, answer: str) -> Row:
    parts = prompt.split(MASK)
    if len(parts) != 2:
        raise UsageError(
            f"a masked language model's prompt holds {MASK} once, where the answer stands; this one "
            f"holds it {len(parts) - 1} times: {prompt[:80]!r}. Write such as 'It was {MASK}.'"
        )
    left, answer = _spaced(parts[0], answer)
    said = _said(_ids(model, answer), prompt, answer)
    prefix, suffix = model.marks
    before, after = _ids(model, left), _ids(model, parts[1])
    room = max(0, model.length - len(prefix) - len(suffix) - len(said))
    right = min(len(after), max(room - len(before), room // 2))
    before, after = before[max(0, len(before) - (room - right)) :], after[:right]
    hidden = [model.tokenizer.mask_token_id] * len(said)
    start = len(prefix) + len(before)
    places = tuple(range(start, start + len(said)))
    return Row((*prefix, *before, *hidden, *after, *suffix), places, tuple(said))


def _ids(model: LanguageModel, text: str) -> list[int]:
    sound = text.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair is no text
    found: list[int] = model.tokenizer(sound, add_special_tokens=False, verbose=False)["input_ids"]
    return found


def _spaced(before: str, after: str) -> tuple[str, str]:
    # a space between two words belongs to the second one in most vocabularies, and is one space
    bare = before.rstrip(" ")
    return bare, after if len(bare) == len(before) else " " + after.lstrip(" ")


def _said(tokens: list[int], prompt: str, answer: str) -> list[int]:
    if not tokens:
        raise UsageError(
            f"the answer {answer!r} to {prompt[:80]!r} has no tokens. Give one that has."
        )
    return tokens


def _alike(one: list[int], other: list[int]) -> int:
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _beginning(model: LanguageModel) -> list[int]:
    """What a model reads before a text that has nothing before it."""
    tokens = model.tokenizer
    known = (tokens.bos_token_id, tokens.eos_token_id, tokens.pad_token_id, 0)
    return [next(token for token in known if token is not None)]


def marks_of(tokenizer: Any) -> tuple[list[int], list[int]]:
    """The tokens that a tokenizer puts before and behind a text."""
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole = tokenizer("a")["input_ids"]
    for start in range(len(whole) - len(bare) + 1):
        if whole[start : start + len(bare)] == bare:
            return whole[:start], whole[start + len(bare) :]
    return [], []
