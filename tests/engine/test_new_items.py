"""Items that came after training."""

from __future__ import annotations

import polars as pl
import pytest

import penchant
from penchant.core import Unsupported
from penchant.testing import FILMS, tiny_catalogue, tiny_dataset

NEW = {"new": "Robots of Saturn. Space war with robots", "s1": "Another text. For a known item"}


def test_a_new_item_is_recommended_at_once(recommender):
    more = recommender.add_items(tiny_catalogue(NEW))
    assert "new" in [r.item for r in more.recommend(history=["s3", "s4"], k=3)]
    assert more.recommend(query="Robots of Saturn", k=1)[0].text == "Robots of Saturn"


def test_known_items_keep_their_codes_and_texts(recommender):
    more = recommender.add_items(tiny_catalogue(NEW))
    assert more.catalogue.items.ids == (*FILMS, "new")
    assert more.catalogue.texts[0] == FILMS["s1"]
    assert len(more.catalogue.table) == len(FILMS) + 1


def test_other_columns_of_new_items_are_kept(recommender):
    catalogue = tiny_catalogue(NEW)
    wide = type(catalogue)(
        catalogue.items,
        catalogue.texts,
        catalogue.titles,
        catalogue.table.with_columns(year=pl.lit(2030)),
        catalogue.template,
    )
    assert recommender.add_items(wide).catalogue.table["year"].to_list() == [None] * 14 + [2030]


def test_the_first_recommender_is_unchanged(recommender):
    recommender.add_items(tiny_catalogue(NEW))
    assert len(recommender.catalogue) == len(FILMS)


def test_nothing_new_is_nothing_to_do(recommender):
    assert recommender.add_items(tiny_catalogue()) is recommender


def test_a_model_of_ids_refuses_and_says_which_models_do_not():
    with pytest.raises(Unsupported, match="text-sequence"):
        penchant.EASE().fit(tiny_dataset()).add_items(tiny_catalogue(NEW))
