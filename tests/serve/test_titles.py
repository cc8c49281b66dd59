"""Items by letters of their id or title, in catalogues that change."""

from __future__ import annotations

import polars as pl
import pytest

from penchant.core import Catalogue, IdMap
from penchant.serve import titles
from penchant.serve.titles import Titles


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(titles, "BLOCK", 4)


def catalogue(*named: str) -> Catalogue:
    ids = IdMap(f"I{n}" for n in range(len(named)))
    return Catalogue(ids, named, named, pl.DataFrame({"item_id": ids.ids}), "{title}")


MANY = [f"Film {n}" for n in range(10)]


def test_letters_are_found_large_or_small_in_ids_and_titles():
    found = Titles()
    assert found.find(catalogue(*MANY), "fILM 7").tolist() == [7]
    assert found.find(catalogue(*MANY), "i3").tolist() == [3]
    assert found.find(catalogue(*MANY), "film").tolist() == list(range(10))
    assert found.find(catalogue(*MANY), "none").tolist() == []
    assert found.find(catalogue(), "film").tolist() == []
    assert found.find(catalogue("Straße", "雨の歌"), "STRASSE").tolist() == [0]
    assert found.find(catalogue("Straße", "雨の歌"), "の").tolist() == [1]
    assert found.find(catalogue("a.c", "abc"), "a.c").tolist() == [0], "letters, no pattern"


def test_a_title_that_changed_and_an_item_that_is_new_are_found():
    found = Titles()
    assert found.find(catalogue(*MANY), "boats").tolist() == []
    changed = [*MANY[:5], "Paper Boats", *MANY[6:], "More Boats"]
    assert found.find(catalogue(*changed), "boats").tolist() == [5, 10]
    assert found.find(catalogue(*changed), "film 5").tolist() == []


def test_blocks_are_made_once_and_only_those_are_made_anew_that_changed():
    found = Titles()
    found.find(catalogue(*MANY), "x")
    before = [block for _, block in found._blocks]
    found.find(catalogue(*MANY[:9], "Other"), "x")
    after = [block for _, block in found._blocks]
    assert [one is other for one, other in zip(before, after, strict=True)] == [True, True, False]
    found.find(catalogue(*MANY[:3]), "x")
    assert len(found._blocks) == 1


def test_half_a_character_does_no_harm():
    assert Titles().find(catalogue("half \ud83d", "whole"), "whole").tolist() == [1]
    assert Titles().find(catalogue("half \ud83d", "whole"), "half").tolist() == [0]
    assert Titles().find(catalogue("whole"), "\ud83d").tolist() == []
