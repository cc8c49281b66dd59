"""What a language model reads of an item."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import data
from penchant.data.template import render
from penchant.data.text import default_template

EVENTS = pl.DataFrame({"user_id": ["u"], "item_id": ["1"], "position": [0]})


def one(template, **values):
    return render(pl.DataFrame({name: [value] for name, value in values.items()}), template)[0]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (
            {"title": "Alien", "year": 1979, "genres": ["Horror", "Sci-Fi"]},
            "Alien (1979): Horror, Sci-Fi.",
        ),
        ({"title": "Alien", "year": None, "genres": ["Horror"]}, "Alien: Horror."),
        ({"title": "Alien", "year": 1979, "genres": []}, "Alien (1979)."),
        ({"title": "Alien", "year": None, "genres": None}, "Alien."),
        ({"title": None, "year": 1979.0, "genres": "Horror|War"}, "(1979): Horror, War."),
        ({"title": " ", "year": None, "genres": None}, ""),
    ],
)
def test_a_missing_field_vanishes_with_its_punctuation(values, text):
    assert one("{title} ({year}): {genres}.", **values) == text


def test_words_before_a_field_go_with_it():
    template = "{title} by {author}. Tags: {tags}"
    assert one(template, title="Emma", author="Austen", tags=None) == "Emma by Austen"
    assert one(template, title="Emma", author=None, tags=["a"]) == "Emma. Tags: a"


def test_a_title_that_ends_a_sentence_gets_no_second_full_stop():
    assert one("{title}. {about}", title="Who?", about="Me") == "Who? Me"


def test_white_space_is_evened_out():
    assert one("{title}", title=" a\n\tb  c ") == "a b c"


@given(
    st.text(st.characters(categories=["L"]), min_size=1),
    st.text(st.characters(categories=["L"]), min_size=1),
)
def test_full_fields_are_put_in_as_they_are(title, about):
    assert one("{title} - {about}", title=title, about=about) == f"{title} - {about}"


def test_the_default_puts_title_then_tags_then_description_then_other_text():
    table = pl.DataFrame(
        {
            "item_id": ["1", "2"],
            "notes": ["good", "better"],
            "description": ["long", "longer"],
            "url": ["http://x", "http://y"],
            "image": ["a.png", "b.png"],
            "brand": ["Sony", None],
            "genres": [["Horror"], ["Drama"]],
            "price": ["3.50", "4"],
            "created_at": ["2020-01-01", "2021-01-01"],
            "asin": ["B0", "B1"],
            "pages": ["300", "20"],
            "stock": [3, 4],
            "empty": ["", None],
            "name": ["1984", "300"],
        }
    )
    assert default_template(table) == "{name}. {genres}. {brand}. {description}. {notes}"


def test_titles_for_people_fall_back_on_text_and_id():
    items = pl.DataFrame({"item_id": ["1", "2"], "text": ["word " * 30, None]})
    catalogue = data.read(EVENTS, items).catalogue
    assert catalogue.titles == ("word " * 16 + "...", "2")
    assert catalogue.template == "{text}"


def test_a_catalogue_of_ids_alone_has_no_text():
    catalogue = data.read(EVENTS, pl.DataFrame({"item_id": ["1"], "price": [3]})).catalogue
    assert (catalogue.template, catalogue.texts, catalogue.titles) == ("", ("",), ("1",))
