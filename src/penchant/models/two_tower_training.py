"""Fitting two towers, and the language model under them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from penchant.core import Holdout, Sequences
from penchant.data import validation_split
from penchant.language import LayerCache, load_backbone
from penchant.tune import MatchingConfig, TextPairs, tune_on_pairs

from .sequence import wants_refit
from .texts import Reader
from .two_tower import TwoTowerConfig, user_text
from .two_tower_fitted import WEIGHT_DECAY, FittedTowers, arrays_of, ndcg_of, read_catalogue
from .two_tower_pool import Pool
from .two_tower_towers import Towers

if TYPE_CHECKING:
    from penchant.data import Dataset


def fit_towers(config: TwoTowerConfig, data: Dataset, seed: int) -> FittedTowers:
    """Train; see ``TwoTower.fit``."""
    inner, holdout = validation_split(data, config.validation_users, seed)
    with torch.random.fork_rng(devices=[]):
        if not len(holdout):
            return _run(config, data, None, seed)
        judged = _run(config, inner, holdout, seed)
        if not judged.epoch or not wants_refit(config.refit, data, holdout):
            return judged
        again = replace(config, epochs=judged.epoch)
        whole = _run(again, data, None, seed, "two-tower, on all events")
        return replace(whole, validations=judged.validations)


def _run(
    config: TwoTowerConfig,
    data: Dataset,
    holdout: Holdout | None,
    seed: int,
    what: str = "two-tower",
) -> FittedTowers:
    torch.manual_seed(seed)
    if config.user == "pool":
        return Pool(config, data, holdout, seed, what).fitted()
    return _fit_texts(config, data, holdout, seed, what)


def _fit_texts(
    config: TwoTowerConfig, data: Dataset, holdout: Holdout | None, seed: int, what: str
) -> FittedTowers:
    """A bi-encoder: both sides are texts, and all that is learned is in the language model."""
    texts, titles = data.catalogue.texts, data.catalogue.titles
    blank = np.array([not text.strip() for text in texts], bool)
    place = np.where(blank, -1, np.arange(len(texts)))
    backbone = load_backbone(config.language)
    towers = Towers(backbone.dim, config.history)
    events = data.interactions.events
    pairs = _pairs(config, events.where(~blank[events.item]), texts, titles)
    if config.tuning is None or len(pairs) < 2:
        frozen = Reader(config.language).vectors(texts)
        return FittedTowers(frozen, towers, None)

    def catalogue() -> NDArray[np.float32]:
        written = [text if text.strip() else "?" for text in texts]
        return read_catalogue(backbone, LayerCache(backbone, written, 0), place)

    def figure() -> float:
        assert holdout is not None  # noqa: S101 - there is no validation without
        known = holdout.requests.history
        known = known.where(~blank[known.item]).last(config.history)
        rows = range(len(known))
        asked = [user_text(known.items_of(row), titles, config.prompt) or "?" for row in rows]
        users = read_catalogue(backbone, LayerCache(backbone, asked, 0), np.arange(len(asked)))
        return ndcg_of(users, catalogue(), holdout)

    history = tune_on_pairs(
        backbone,
        pairs,
        config.tuning,
        MatchingConfig(
            config.batch,
            config.epochs,
            config.patience,
            config.learning_rate,
            WEIGHT_DECAY,
            temperature=config.temperature,
            log_q=config.log_q,
        ),
        seed,
        None if holdout is None else figure,
        what=what,
    )
    validations = tuple(history.validations)
    return FittedTowers(catalogue(), towers, arrays_of(backbone), validations, history.best_epoch)


def _pairs(
    config: TwoTowerConfig, events: Sequences, texts: Sequence[str], titles: Sequence[str]
) -> TextPairs:
    """The text of each user before some of their newest events, and the text of that event's item."""
    anchors, positives, group = [], [], []
    for row in range(len(events)):
        items = events.items_of(row)
        for at in range(max(1, len(items) - config.targets), len(items)):
            before = items[max(0, at - config.history) : at]
            anchors.append(user_text(before, titles, config.prompt))
            positives.append(texts[items[at]])
            group.append(row)
    return TextPairs.of(anchors, positives, np.array(group, np.int64))
