"""What somebody has had to do with, and when it may be listed again."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.core import UsageError
from penchant.rank import Seen

RULES = {"seen": {"purchase": "never", "click": 7, "view": "allow"}, "availability": ""}


def test_by_default_nothing_is_listed_twice(shop):
    past = shop.seen((0, "purchase", 1000), (3, "look", 1))
    assert shop.listed(shop.policy(availability=""), seen=past, k=6) == [1, 2, 4, 5, 6, 7]


def test_rules_go_by_the_kind_of_event(shop):
    past = shop.seen(
        (0, "purchase", 1000), (1, "click", 6.9), (2, "click", 7.1), (3, "view", 0), (4, "other", 9)
    )
    assert shop.listed(shop.policy(**RULES), seen=past, k=5) == [2, 3, 5, 6, 7]
    gentle = shop.policy(**RULES, seen_others=8)
    assert shop.listed(gentle, seen=past, k=6) == [2, 3, 4, 5, 6, 7]


def test_the_strictest_event_of_an_item_decides(shop):
    past = shop.seen((0, "view", 0), (0, "click", 3), (0, "click", 100), (1, "view", 0))
    assert shop.listed(shop.policy(**RULES), seen=past, k=7) == [1, 2, 3, 4, 5, 6, 7]


def test_events_without_a_time_and_of_the_future_count_as_now(shop):
    past = Seen(np.array([0, 1, 2]), ["click", "view", "click"], np.array([np.nan] * 2 + [2e9]))
    assert shop.listed(shop.policy(**RULES), seen=past, k=6) == [1, 3, 4, 5, 6, 7]


def test_events_of_unknown_items_hide_nothing(shop):
    past = shop.seen((-1, "purchase", 1))
    assert shop.listed(shop.policy(**RULES), seen=past) == list(range(8))
    assert shop.policy(**RULES).allowed(shop.context(seen=past)) is None


def test_what_was_seen_is_not_brought_back_to_fill_a_list(shop):
    past = shop.seen(*((code, "purchase", 1) for code in range(6)))
    found = shop.listing(shop.policy(**RULES), 5, [0, 1], seen=past)
    assert found.codes.tolist() == [6, 7]
    assert shop.told(found, "fallback")[0] == "2 of 5 places filled: no other item may be listed"


def test_columns_of_events_have_one_length():
    with pytest.raises(ValueError, match="2 codes, 1 kinds and 2 times"):
        Seen(np.array([0, 1]), ["view"], np.zeros(2))


def test_diversity_asked_for_is_a_share(shop):
    with pytest.raises(UsageError, match="diversity must be from 0"):
        shop.context(diversity=float("nan"))
