"""Whatever is asked, the list is what sorting all scores by hand gives, and never short."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.core import Requests, Sequences
from penchant.engine import Ask, Engine, Estimator, Past
from penchant.testing import FILMS, FakeConfig, FakeModel, tiny_dataset

NAMES = list(FILMS)
TITLES = [text.split(". ")[0] or name for name, text in FILMS.items()]
ITEMS = st.lists(st.sampled_from(NAMES), max_size=6)

ASKS = st.builds(
    Ask,
    past=ITEMS.map(lambda names: tuple(map(Past, names))),
    query=st.sampled_from([None, "robots in space", "love by the sea"]),
    k=st.integers(1, 20),
    offset=st.integers(0, 5),
    filter=st.one_of(
        st.none(),
        st.lists(st.sampled_from(TITLES), min_size=1, max_size=8).map(lambda some: {"title": some}),
    ),
    exclude=ITEMS,
).filter(lambda ask: ask.past or ask.query)


@pytest.fixture(scope="module")
def engine():
    return Engine.of(Estimator(FakeModel, FakeConfig()).fit(tiny_dataset()))


def by_hand(engine: Engine, ask: Ask) -> list[str]:
    items = engine.catalogue.items
    codes = items.codes([past.item_id for past in ask.past])
    history = Sequences.of_items(np.array([len(codes)]), codes)
    user = np.array([-1], np.int32)
    requests = Requests(engine.recommender.interactions.users, items, user, history, (ask.query,))
    (scores,) = engine.recommender.model.score(requests)
    gone = {past.item_id for past in ask.past} | set(ask.exclude)
    order = sorted(range(len(items)), key=lambda code: (-scores[code], code))
    listed = [items.name(code) for code in order if items.name(code) not in gone]
    if ask.filter:
        listed = [name for name in listed if TITLES[NAMES.index(name)] in ask.filter["title"]]
    return listed[ask.offset : ask.offset + ask.k]


@settings(max_examples=60)
@given(asks=st.lists(ASKS, min_size=1, max_size=5))
def test_a_list_is_that_of_all_scores_sorted(engine, asks):
    for ask, answer in zip(asks, engine.answer(asks), strict=True):
        assert [item.item for item in answer.items] == by_hand(engine, ask)
