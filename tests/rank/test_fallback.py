"""Where a list that would be short is filled from."""

from __future__ import annotations

import numpy as np

# popularity of the shop: i2, i4, i0, i6, i3; newest: i0, i2, i7, i5, i3, i6, i4, i1


def test_popular_then_newest_then_any(shop):
    made = shop.policy(availability="")
    found = shop.listing(made, 8, [5])
    assert found.codes.tolist() == [5, 2, 4, 0, 6, 3, 7, 1]
    assert np.isnan(found.scores[1:]).all()
    assert shop.told(found, "fallback")[0] == (
        "the candidates ran out, so place 2 is filled up with a popular one"
    )
    assert shop.told(found, "fallback")[-1].endswith("place 8 is filled up with a new one")


def test_the_chain_is_what_the_policy_says(shop):
    newest = shop.policy(availability="", fallback=["newest"])
    assert shop.listed(newest, 8, [5]) == [5, 0, 2, 7, 3, 6, 4, 1]
    any_ = shop.policy(availability="", fallback=["any"])
    assert shop.listed(any_, 8, [5]) == [5, 0, 1, 2, 3, 4, 6, 7]
    popular = shop.policy(availability="", fallback="popular", created="")
    found = shop.listing(popular, 8, [])
    assert found.codes.tolist() == [2, 4, 0, 6, 3, 1, 5, 7]
    assert shop.told(found, "fallback")[-1].endswith("filled up with any that is left")


def test_without_a_chain_a_list_may_be_short_and_says_so(shop):
    found = shop.listing(shop.policy(fallback=[]), 4, [5, 6])
    assert found.codes.tolist() == [5, 6]
    assert shop.told(found, "fallback") == ["2 of 4 places filled: no other candidate is left"]


def test_only_what_the_request_allows(shop):
    made = shop.policy()
    games = {"category": "Games"}
    assert shop.listed(made, 8, [0, 6], filter=games) == [6, 4, 5]
    assert shop.listed(made, 8, [], filter=games, exclude=np.array([4])) == [6, 5]


def test_nothing_at_all(shop):
    found = shop.listing(shop.policy(), 3, [], filter={"category": "Shoes"}, explain=True)
    assert len(found) == 0
    assert shop.told(found, "fallback") == ["0 of 3 places filled: no other item may be listed"]
    assert len(shop.listing(shop.policy(), 0)) == 0
