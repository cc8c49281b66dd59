"""What each rule does to a list of a small shop."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.core import IdMap, UsageError
from penchant.rank import ItemFields, Policy, PolicyConfig


def rule(do, **keys):
    return {"do": do, **keys}


def with_rules(shop, *rules, **settings):
    return shop.policy(rules=list(rules), **{"availability": "", "fallback": [], **settings})


def test_by_default_a_list_is_that_of_the_model_without_what_cannot_be_had(shop):
    assert shop.listed(shop.policy()) == [0, 1, 3, 4, 5, 6, 7]
    assert shop.listed(shop.policy(availability="")) == list(range(8))


def test_a_stock_of_none_cannot_be_had():
    fields = ItemFields(IdMap("abcd"), {"stock": [3, 0, None, -1]})
    made = Policy(PolicyConfig(availability="stock", seen_others="allow"), fields)
    from penchant.rank import Context

    assert made.allowed(Context(now=0.0)).tolist() == [True, False, True, False]


def test_include_and_exclude(shop):
    books = rule("include", when={"category": ["Books", "Toys"]})
    cheap = rule("include", when={"price": {"max": 10}})
    red = rule("exclude", when={"tags": "red"})
    assert shop.listed(with_rules(shop, books)) == [0, 1, 2, 3]
    assert shop.listed(with_rules(shop, books, cheap)) == [0, 2]
    assert shop.listed(with_rules(shop, red)) == [2, 3, 4, 5, 6]
    assert shop.listed(with_rules(shop, books, cheap, red)) == [2]


def test_a_pin_stands_at_its_place(shop):
    pinned = with_rules(shop, rule("pin", when={"item_id": "i6"}, place=2))
    assert shop.listed(pinned, 4) == [0, 6, 1, 2]
    assert shop.listed(pinned, 4, [0, 1, 2, 3]) == [0, 6, 1, 2]  # it need not be a candidate


def test_a_pin_takes_the_best_item_it_may(shop):
    games = with_rules(shop, rule("pin", when={"category": "Games"}), fallback=["popular"])
    assert shop.listed(games, 3) == [4, 0, 1]
    assert shop.listed(games, 3, [0, 6, 5]) == [6, 0, 5]
    assert shop.listed(games, 3, [0, 1], exclude=np.array([4])) == [6, 0, 1]  # the most popular
    none = shop.listing(games, 2, [0, 1], exclude=np.array([4, 5, 6]))
    assert none.codes.tolist() == [0, 1]
    assert "no item of which category is 'Games' may stand there" in shop.told(none, "pin")[0]


def test_a_pinned_item_stands_on_no_earlier_page(shop):
    pinned = with_rules(shop, rule("pin", when={"item_id": "i0"}, place=5))
    assert shop.listed(pinned, 3) == [1, 2, 3]
    assert shop.listed(pinned, 6)[3:] == [4, 0, 5]


def test_a_pin_moves_up_where_nothing_else_is_left(shop):
    pinned = with_rules(shop, rule("pin", when={"item_id": "i7"}, place=6))
    assert shop.listed(pinned, 6, [3, 4]) == [3, 4, 7]


def test_a_pinned_item_that_may_not_be_listed_is_not(shop):
    pinned = with_rules(shop, rule("pin", when={"item_id": "i6"}))
    assert shop.listed(pinned, 3, exclude=np.array([6])) == [0, 1, 2]


def test_a_boost_divides_the_place_and_a_burial_multiplies_it(shop):
    up = with_rules(shop, rule("boost", when={"item_id": "i6"}, by=3.5))  # place 7 counts as 2
    assert shop.listed(up) == [0, 6, 1, 2, 3, 4, 5, 7]
    down = with_rules(shop, rule("bury", when={"item_id": "i1"}, by=2.4))  # place 2 counts as 4.8
    assert shop.listed(down) == [0, 2, 3, 1, 4, 5, 6, 7]
    both = with_rules(
        shop,
        rule("boost", when={"category": "Games"}, by=2),
        rule("boost", when={"seller": "cy"}, by=2),
    )
    # places 5, 6, 7, 8 count as 2.5, 1.5, 1.75, 4; a tie goes to the boosted
    assert shop.listed(both) == [0, 5, 6, 1, 4, 2, 7, 3]


def test_a_boost_works_whatever_the_scores_are(shop):
    made = with_rules(shop, rule("boost", when={"item_id": "i3"}, by=4))
    for scores in (np.linspace(-1, -9, 8), np.linspace(1, 0, 8), np.full(8, -3.0)):
        found = made.choose(np.arange(8), scores, 3, shop.context())
        assert found.codes.tolist() == [3, 0, 1]


def test_a_cap_passes_over_what_is_one_too_many(shop):
    assert shop.listed(with_rules(shop, rule("cap", column="seller", most=1))) == [0, 1, 5]
    assert shop.listed(with_rules(shop, rule("cap", column="seller", most=2))) == [0, 1, 2, 3, 5, 6]
    # an item counts for each of its words, and one without words for none
    assert shop.listed(with_rules(shop, rule("cap", column="tags", most=1))) == [0, 2, 4, 5]


def test_a_cap_on_numbers(shop):
    assert shop.listed(with_rules(shop, rule("cap", column="price", most=1))) == [
        0,
        1,
        2,
        3,
        4,
        5,
        7,
    ]


def test_a_cap_may_begin_anew(shop):
    by_two = with_rules(shop, rule("cap", column="seller", most=1, per=2))
    assert shop.listed(by_two) == [0, 1, 2, 3, 4, 5, 6]  # then another one of cy is left
    filled = shop.policy(rules=[rule("cap", column="seller", most=1, per=2)], availability="")
    assert shop.listed(filled) == [0, 1, 2, 3, 4, 5, 6, 7]


def test_two_caps_hold_together(shop):
    caps = (rule("cap", column="seller", most=2), rule("cap", column="category", most=1))
    assert shop.listed(with_rules(shop, *caps)) == [0, 2, 5, 7]


def test_pinned_items_count_under_a_cap(shop):
    cap = rule("cap", column="seller", most=1)
    made = with_rules(shop, cap, rule("pin", when={"item_id": "i4"}, place=3))
    assert shop.listed(made) == [1, 5, 4]  # i0 would be a second one of ann
    twice = with_rules(shop, cap, *(rule("pin", when={"seller": "cy"}, place=p) for p in (1, 2)))
    found = shop.listing(twice)
    assert found.codes.tolist() == [5, 0, 1]
    assert len(shop.told(found, "pin")) == 1


def test_what_fills_a_list_keeps_to_the_caps_while_it_can(shop):
    made = shop.policy(rules=[rule("cap", column="seller", most=1)], availability="")
    found = shop.listing(made, 3, [5, 6])
    assert found.codes.tolist() == [5, 2, 3]  # most popular, of a seller each
    assert shop.told(found, "cap") == []
    whole = shop.listing(made, 5, [5, 6])
    assert whole.codes.tolist() == [5, 2, 3, 6, 4]
    assert shop.told(whole, "cap") == [
        "cap broken at place 4, as no other item was left: at most 1 of the same seller, and this is"
        " one more of 'cy'",
        "cap broken at place 5, as no other item was left: at most 1 of the same seller, and this is"
        " one more of 'ann'",
    ]


def test_rules_are_checked_against_the_columns_of_the_catalogue_all_at_once(shop):
    rules = [
        rule("exclude", when={"categry": "Books"}),
        rule("boost", when={"price": {"min": "cheap"}}),
        rule("cap", column="sellers", most=1),
        rule("pin", when={"seller": "ann"}),
        rule("pin", when={"seller": "bob"}),
        rule("cap", column="created_at", most=1),
    ]
    with pytest.raises(UsageError) as told:
        shop.policy(
            rules=rules,
            calibration={"column": "genres"},
            freshness={},
            created="create_at",
            availability="avail",
        )
    lines = str(told.value).splitlines()
    columns = "Columns: item_id, category, tags, seller, price, available, created_at."
    assert lines == [
        f"availability: items have no column 'avail'; did you mean 'available'? {columns}",
        f"rule 1 (exclude): items have no column 'categry'; did you mean 'category'? {columns}",
        "rule 2 (boost): price is asked for 'cheap': write a date such as 2026-01-31.",
        f"rule 3 (cap): items have no column 'sellers'; did you mean 'seller'? {columns}",
        f"calibration: items have no column 'genres'. {columns}",
        f"freshness: items have no column 'create_at'; did you mean 'created_at'? {columns}",
        "place 1 has 2 pins: give each its own place.",
    ]


def test_columns_of_the_wrong_kind_are_told(shop):
    for settings, says in (
        ({"availability": "category"}, "category must hold true and false"),
        ({"rules": [rule("cap", column="item_id", most=1)]}, "item_id holds no words"),
        ({"freshness": {}, "created": "seller"}, "seller holds no dates"),
        ({"separators": {"tag": "|"}}, "did you mean 'tags'"),
    ):
        with pytest.raises(UsageError, match=says):
            shop.policy(**settings)


def test_what_may_not_be_meant_is_noted(shop):
    made = shop.policy(
        rules=[
            rule("exclude", when={"category": "Boks"}),
            rule("include", when={"category": "Shoes"}),
        ],
        created="seller",
    )
    assert made.notes == (
        "rule 1 (exclude) holds for no item: category is 'Boks'",
        "rule 2 (include) holds for no item: category is 'Shoes'",
        "no item counts as new: seller holds no dates: write ISO 8601 such as 2026-01-31, or seconds"
        " since 1970.",
        "the rules leave not a single item to list",
    )
    assert shop.policy().notes == ()


def test_rules_reach_items_that_were_put_later(shop):
    made = with_rules(shop, rule("exclude", when={"category": "Books"}), availability="available")
    items = made.fields.items.extended(["i8", "i9"])
    put = [
        {"item_id": "i8", "category": "Books"},
        {"item_id": "i9", "category": "Shoes"},
        {"item_id": "i3", "available": False},
    ]
    later = made.with_fields(made.fields.with_items(put, items))
    assert shop.listed(later, 10) == [4, 5, 6, 7, 9]
    assert shop.listed(made, 10) == [3, 4, 5, 6, 7]


def test_how_many_candidates_are_wanted(shop):
    plain, capped = shop.policy(), shop.policy(rules=[rule("cap", column="seller", most=1)])
    assert plain.depth(3) == 3
    assert plain.depth(3, shop.context(diversity=0.5)) == 8  # as many as there are
    assert capped.depth(3) == capped.depth(5) == 8
    assert capped.depth(10) == 10
    few = shop.policy(diversity="mmr", candidates=5)
    assert few.depth(2) == 5
    assert few.depth(3) == 6
    pinned = [rule("pin", when={"item_id": "i1"}, place=place) for place in (1, 9)]
    assert shop.policy(rules=pinned).depth(3) == 5


def test_candidates_beyond_those_wanted_change_nothing(shop):
    made = shop.policy(availability="", diversity="mmr", candidates=4)
    vectors = np.eye(4, dtype=np.float32)[[0, 0, 0, 1, 2, 3, 3, 3]]
    four = shop.listed(made, 2, [0, 1, 2, 3], vectors=vectors)
    assert shop.listed(made, 2, vectors=vectors) == four == [0, 1]
