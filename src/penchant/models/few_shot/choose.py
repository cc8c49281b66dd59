"""One call: fit the ways that are asked for, compare them by cross-validation, keep one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError, checked_seed, generator
from penchant.data import Dataset
from penchant.language import DEFAULT_MODEL
from penchant.metrics import auc

from .contrastive import ContrastiveConfig, fit_contrastive
from .example import Example
from .features import Features
from .frozen import FrozenScorer, fit_frozen, fit_rules, fit_share
from .ground import Ground, Scorer, prepared
from .head import log_loss_of
from .model import FewShotModel, WayScore
from .prompt import PromptConfig, fit_prompt
from .quality import Quality
from .self_training import fit_self_trained

Array = NDArray[np.float64]
Fit = Callable[[], tuple[Scorer, Array]]

WAYS = ("frozen", "zero-shot", "contrastive", "prompt")
"""In the order in which they are trusted before anything is measured."""

FOLDS, COSTLY_FOLDS, DRAWS = 5, 3, 200


@dataclass(frozen=True)
class FewShotConfig:
    """Everything about few-shot training that is not data."""

    language: str = DEFAULT_MODEL
    """The frozen encoder of titles: a packaged name, a folder, a Hugging Face id."""
    contrastive: ContrastiveConfig = field(default_factory=ContrastiveConfig)
    """Of the way ``contrastive``."""
    prompt: PromptConfig = field(default_factory=PromptConfig)
    """Of the way ``prompt``."""


def few_shot(
    examples: Sequence[Example],
    transfer: Dataset | None = None,
    ways: Sequence[str] = ("frozen", "zero-shot"),
    *,
    unlabelled: Sequence[Example] | None = None,
    config: FewShotConfig | None = None,
    seed: int = 0,
) -> FewShotModel:
    """Learn from a few labelled examples who likes what; the way is chosen by cross-validation.

    ==================  ==========================================================================
    ``frozen``          a linear head over features of history and candidate from frozen vectors,
                        with a Gaussian prior around ``zero-shot``
    ``zero-shot``       the same features with weights that were fixed, or learned from ``transfer``,
                        before any label
    ``contrastive``     the encoder tuned on pairs of examples, then a logistic head (SetFit)
    ``prompt``          a language model answers yes or no; a logistic head over its answer
    ==================  ==========================================================================

    The no-model rule ``share`` (the smoothed share of likes in the history) always stands beside
    them. People, as far as they can be told apart, are kept within one fold. ``frozen`` is kept (or
    the first given in the order of the table) unless another way has a better AUC by more than a
    standard error over people; so has ``share``, which wins over the survivor on the same terms.

    Args:
        examples: labelled, at least four, some liked and some not.
        transfer: other people's ratings (events with ``value``) of items with titles like these;
            items are found by title. None learns from the examples alone.
        ways: which to compare. Those that tune or ask a language model cost minutes, not seconds.
        unlabelled: for self-training, which is kept where cross-validation gets no worse by it.
            Never give what you will test on: its histories hold verdicts.
        config: languages and rates.
        seed: of folds, simulated tasks and training.

    Raises:
        UsageError: an unknown way, too few examples, labels missing or all alike.

    """
    if strange := [way for way in ways if way not in WAYS]:
        raise UsageError(f"ways: there is no {strange[0]!r}. Choose from {', '.join(WAYS)}.")
    if not ways:
        raise UsageError(f"ways: give at least one of {', '.join(WAYS)}.")
    from penchant.language import load_encoder

    config = config or FewShotConfig()
    began = time.perf_counter()
    costly = {"contrastive", "prompt"} & set(ways)
    encoder = load_encoder(config.language)
    folds = COSTLY_FOLDS if costly else FOLDS
    ground = prepared(examples, transfer, encoder, checked_seed(seed), folds)
    fits: dict[str, Fit] = {
        "frozen": lambda: fit_frozen(ground),
        "zero-shot": lambda: fit_rules(ground),
        "contrastive": lambda: fit_contrastive(ground, config.contrastive),
        "prompt": lambda: fit_prompt(ground, config.prompt),
    }
    found = {"share": _timed("share", ground, lambda: fit_share(ground))}
    found |= {way: _timed(way, ground, fits[way]) for way in WAYS if way in ways}
    if unlabelled and "frozen" in found:
        name, rival = (
            "self-training",
            _timed("self-training", ground, lambda: fit_self_trained(ground, unlabelled)),
        )
        if not _worse(rival[2], found["frozen"][2]):
            found = {"share": found["share"], name: rival, **found}
        scores = tuple(each[2] for each in {**found, name: rival}.values())
    else:
        scores = tuple(each[2] for each in found.values())
    logits = {way: each[1] for way, each in found.items()}
    chosen = _chosen(logits, ground)
    scorer = found[chosen][0]
    features = (
        scorer.features
        if isinstance(scorer, FrozenScorer) and scorer.features.quality is not None
        else Features(
            ground.space, Quality.of(ground.examples, ground.people, ground.space), ground.others
        )
    )
    known = features(ground.examples) / _scale(ground)
    return FewShotModel(
        chosen=chosen,
        scores=scores,
        scorer=scorer,
        features=features,
        known=known,
        scale=_scale(ground),
        config=config,
        seconds=time.perf_counter() - began,
    )


def _timed(way: str, ground: Ground, fit: Fit) -> tuple[Scorer, Array, WayScore]:
    began = time.perf_counter()
    scorer, logits = fit()
    seconds = time.perf_counter() - began
    judged = ground.judged
    labels, own = ground.labels[judged], logits[judged]
    loss = float(log_loss_of(own, labels).mean())
    return scorer, logits, WayScore(way, auc(labels, own), loss, seconds)


def _worse(rival: WayScore, than: WayScore) -> bool:
    return rival.auc < than.auc or rival.log_loss > than.log_loss


def _chosen(logits: dict[str, Array], ground: Ground) -> str:
    """The survivor of a row of duels: the incumbent yields to more than a standard error."""
    order = [way for way in logits if way != "share"]
    incumbent = order[0]
    for rival in (*order[1:], "share"):
        gain, error = _gain(logits[rival], logits[incumbent], ground)
        if gain > error:
            incumbent = rival
    return incumbent


def _gain(rival: Array, incumbent: Array, ground: Ground) -> tuple[float, float]:
    """AUC of the rival less that of the incumbent, and its standard error over people."""
    judged = ground.judged
    labels, a, b = ground.labels[judged], rival[judged], incumbent[judged]
    people = np.unique(ground.people[judged], return_inverse=True)[1]
    members = [np.flatnonzero(people == person) for person in range(people.max() + 1)]
    if len(members) == 1:
        members = [np.array([row]) for row in range(len(people))]
    chooser = generator(ground.seed, "few-shot duel")
    drawn = []
    for _ in range(DRAWS):
        rows = np.concatenate(
            [members[at] for at in chooser.integers(0, len(members), len(members))]
        )
        if 0 < labels[rows].sum() < len(rows):
            drawn.append(auc(labels[rows], a[rows]) - auc(labels[rows], b[rows]))
    error = float(np.std(drawn)) if drawn else float("inf")
    return auc(labels, a) - auc(labels, b), error


def _scale(ground: Ground) -> Array:
    scale = ground.prior.scale
    return np.asarray(np.divide(1, scale, out=np.ones_like(scale), where=scale > 0))
