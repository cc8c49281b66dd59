"""Checks of how a model is made, kept and extended."""

from __future__ import annotations

import dataclasses
import re
import tempfile
from pathlib import Path

import numpy as np

from penchant.core import Abilities, Model, Sequences, Unsupported, UsageError
from penchant.engine import Recommender
from penchant.models import configure, settings_of

from .case import Case, expect, refused, valid
from .tiny import FILMS, tiny_catalogue, tiny_dataset


def declares_itself(case: Case) -> None:
    """Name, abilities, config class and search space fit together."""
    model_class = case.model_class
    expect(bool(re.fullmatch(r"[a-z][a-z0-9-]*", model_class.name)), "the name is lower-case words")
    expect(isinstance(case.fitted.model, Model), "the fitted model has every part of core.Model")
    expect(isinstance(model_class.abilities, Abilities), "abilities are an Abilities")
    fields = {field.name for field in dataclasses.fields(model_class.Config)}
    strange = sorted(set(model_class.space) - fields)
    expect(not strange, f"the search space names settings that the config lacks: {strange}")


def settings_round_trip(case: Case) -> None:
    """The config survives being written as plain values; an unknown key is an error."""
    plain = settings_of(case.settings)
    same = configure(case.model_class.Config, plain)
    expect(same == case.settings, f"the config comes back as {same}")
    with refused(UsageError, "an unknown setting"):
        configure(case.model_class.Config, {**plain, "no_such_setting": 1})


def same_seed_same_model(case: Case) -> None:
    """Two fits with one seed give the same scores, bit by bit."""
    again = case.fit(tiny_dataset(), seed=0)
    expect(np.array_equal(case.scores(), case.scores(again)), "the same seed gives other scores")


def saved_and_loaded_the_same(case: Case) -> None:
    """A loaded model gives the same scores, bit by bit, and has the same settings."""
    with tempfile.TemporaryDirectory() as folder:
        case.fitted.save(Path(folder) / "run")
        loaded = Recommender.load(Path(folder) / "run", models=(case.model_class,))
    expect(loaded.config == case.settings, f"the config comes back as {loaded.config}")
    expect(
        np.array_equal(case.scores(), case.scores(loaded)), "the loaded model scores differently"
    )
    expect(loaded.abilities == case.fitted.abilities, "the loaded model has other abilities")


def training_data_unchanged(case: Case) -> None:
    """Fitting writes into no array of the data set."""
    data = tiny_dataset()
    case.fit(data)
    expect(data.digest == tiny_dataset().digest, "fitting changed the training data")
    before, after = tiny_dataset().interactions.events, data.interactions.events
    expect(same_events(before, after), "fitting changed the training data")


def empty_texts(case: Case) -> None:
    """A catalogue in which no item has a text is no obstacle."""
    data = tiny_dataset(dict.fromkeys(FILMS, ""))
    valid(case.fit(data).model.score(case.requests(data)), len(case.requests(data)), len(FILMS))


def duplicate_events(case: Case) -> None:
    """Every event standing twice is no obstacle."""
    data = tiny_dataset(copies=2)
    valid(case.fit(data).model.score(case.requests(data)), len(case.requests(data)), len(FILMS))


def single_item_catalogue(case: Case) -> None:
    """With one item there is nothing left to recommend, unless what was seen is asked for."""
    recommender = case.fit(tiny_dataset({"s1": FILMS["s1"]}))
    expect(len(recommender.recommend(user="u2")) == 0, "the only item was seen, and is recommended")
    found = recommender.recommend(user="u2", keep_seen=True)
    expect([r.item for r in found] == ["s1"], "the only item is not recommended with keep_seen")


def new_items_placed_or_refused(case: Case) -> None:
    """An item that came after training is scored, and the others as before; or it is refused."""
    more = tiny_catalogue({"new": "Robots in space. Space war with robots", "blank": ""})
    if not case.model_class.abilities.new_items:
        with refused(Unsupported, "an item that came after training"):
            case.fitted.add_items(more)
        return
    extended = case.fitted.add_items(more)
    requests = case.requests().aligned(extended.interactions.users, extended.catalogue.items)
    scores = extended.model.score(requests)
    valid(scores, len(requests), len(FILMS) + 2)
    old = np.allclose(scores[:, : len(FILMS)], case.scores(), rtol=1e-4, atol=1e-5)
    expect(old, "adding items changed the scores of the others")
    expect(np.isfinite(scores[:, -2]).all(), "a new item with a text has no score")
    with tempfile.TemporaryDirectory() as folder:
        extended.save(Path(folder) / "run")
        loaded = Recommender.load(Path(folder) / "run", models=(case.model_class,))
    expect(np.array_equal(scores, loaded.model.score(requests)), "added items are lost in saving")


def same_events(one: Sequences, other: Sequences) -> bool:
    """Whether two batches of events hold the same numbers."""
    return all(
        np.array_equal(getattr(one, part), getattr(other, part), equal_nan=part == "value")
        for part in ("indptr", "item", "time", "weight", "kind", "value")
    )
