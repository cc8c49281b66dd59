"""The second stage of PromptRanker: questions in words, and a language model's Yes or No."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from penchant.core import State
from penchant.language import load_language_model, shared_choices
from penchant.language.tuning import apply_tuning, load_tuned_state, tuned_state
from penchant.tune import NO, YES, autocast, chosen_precision, longest_fit, yes_no_prompt

from .prompt_ranker import Disliked, Placed
from .saved_scorer import SavedScorer, check_same
from .state_parts import ADAPTER, behind, inside

if TYPE_CHECKING:
    from penchant.language import LanguageModel

    from .prompt_ranker import PromptRankerConfig


class PromptScorer(nn.Module):
    """A language model that is asked about pairs of history and candidate."""

    def __init__(self, language: LanguageModel, config: PromptRankerConfig, seed: int = 0) -> None:
        """Args: language: a fresh one; the way of tuning is put on it."""
        super().__init__()
        if config.tuning is not None:
            apply_tuning(language, config.tuning, seed)
        else:
            language.requires_grad_(requires_grad=False)
        self.language = language
        self._config = config
        self._precision = chosen_precision(config.precision, language.model.device)

    def questions(self, history: Sequence[str], candidates: Sequence[str]) -> list[str]:
        """The questions about some candidates after one history; all tell the same of it."""
        longest = max(candidates, key=len)
        told = list(history)

        def asked(candidate: str, last: int) -> str:
            shown = told[len(told) - last :]
            liked = [title for title in shown if not isinstance(title, Disliked)]
            disliked = [title for title in shown if isinstance(title, Disliked)]
            config = self._config
            note = f"ranked {candidate.place}" if isinstance(candidate, Placed) else ""
            return yes_no_prompt(liked, disliked, candidate, config.template, config.noun, note)

        limit = min(self._config.length, self.language.length) - 2  # room for marks and answer
        whole = longest_fit(lambda last: asked(longest, last), len(told), self._size, limit)
        last = next(n for n in range(len(told), -1, -1) if asked(longest, n) == whole)
        return [asked(candidate, last) for candidate in candidates]

    def score_pairs(
        self, histories: Sequence[Sequence[str]], candidates: Sequence[str]
    ) -> NDArray[np.float32]:
        """Log-odds of Yes against No (rows,); see ``PairScorer``."""
        rows = range(len(candidates))
        groups = [list(group) for _, group in groupby(rows, lambda row: id(histories[row]))]
        questions = [
            self.questions(histories[group[0]], [candidates[row] for row in group])
            for group in groups
        ]
        with autocast(self._precision, self.language.model.device):
            said = shared_choices(self.language, questions, (YES, NO))
        odds: NDArray[np.float32] = (said[:, 0] - said[:, 1]).astype(np.float32)
        return odds

    def state(self) -> State:
        """What was tuned, and the digest of the language model."""
        found = {} if self._config.tuning is None else tuned_state(self.language)
        tuned = {name: part.cpu().numpy() for name, part in found.items()}
        return {
            "language": np.frombuffer(self.language.digest.encode(), np.uint8),
            **behind(ADAPTER, tuned),
        }

    def _size(self, prompt: str) -> int:
        return len(self.language.tokenizer(prompt, verbose=False)["input_ids"])


def saved_prompt_scorer(config: PromptRankerConfig, state: State) -> SavedScorer:
    """A scorer of a saved model, from what ``PromptScorer.state`` gave."""
    return SavedScorer(state, partial(_open, config))


def _open(config: PromptRankerConfig, state: State) -> PromptScorer:
    language = load_language_model(config.language)
    check_same(config.language, language.digest, state["language"], "it cannot be asked")
    opened = PromptScorer(language, config)
    adapter = {name: torch.tensor(part) for name, part in inside(state, ADAPTER).items()}
    if adapter:
        load_tuned_state(language, adapter)
    return opened.eval()
