"""What the policy did, in words."""

from __future__ import annotations

import numpy as np

from penchant.core import IdMap
from penchant.rank import ItemFields, Policy, PolicyConfig


def test_every_step_says_what_it_did(shop):
    made = shop.policy(
        availability="",
        freshness={"half_life_days": 30},
        rules=[
            {"do": "pin", "when": {"item_id": "i6"}, "place": 2, "why": "of the week"},
            {"do": "boost", "when": {"category": "Toys"}, "by": 2, "why": "it is December"},
            {"do": "bury", "when": {"price": {"min": 50}}, "by": 3},
            {"do": "cap", "column": "seller", "most": 2},
        ],
    )
    found = shop.listing(made, 5, explain=True)
    assert found.codes.tolist() == [0, 6, 2, 3, 5]
    assert [(d.item, d.text) for d in found.decisions] == [
        (0, "place 1 of the model counts as 1.0: it is 1 days old"),
        (6, "pinned to place 2: item_id is 'i6' (of the week)"),
        (
            2,
            "place 3 of the model counts as 1.6: boost by 2, as category is 'Toys' (it is December)",
        ),
        (2, "place 3 of the model counts as 1.6: it is 3 days old"),
        (
            3,
            "place 4 of the model counts as 4.0: boost by 2, as category is 'Toys' (it is December)",
        ),
        (3, "place 4 of the model counts as 4.0: it is 30 days old"),
        (5, "place 6 of the model counts as 7.6: it is 10 days old"),
    ]


def test_diversity_says_whom_it_passed(shop):
    made = shop.policy(availability="", diversity={"way": "mmr", "weight": 0.9})
    vectors = np.eye(2, dtype=np.float32)[[0, 0, 0, 1, 1, 0, 0, 0]]
    found = shop.listing(made, 3, vectors=vectors, explain=True)
    assert found.codes.tolist()[:2] == [0, 3]
    assert shop.told(found, "diversity")[0] == (
        "place 2 by diversity, before 2 items of higher relevance"
    )


def test_caps_say_how_many_they_passed_over(shop):
    cap = {"do": "cap", "column": "seller", "most": 1}
    found = shop.listing(shop.policy(availability="", rules=[cap]), 3, explain=True)
    assert found.codes.tolist() == [0, 1, 5]
    assert shop.told(found, "cap") == ["3 candidates passed over: at most 1 of the same seller"]


def test_without_explain_only_exceptions_are_told(shop):
    cap = {"do": "cap", "column": "seller", "most": 1}
    made = shop.policy(availability="", rules=[cap], freshness={})
    assert shop.listing(made, 3).decisions == ()


def test_why_an_item_is_not_listed(shop):
    made = shop.policy(
        seen={"click": 7},
        rules=[
            {"do": "exclude", "when": {"tags": "red"}, "why": "recalled"},
            {"do": "include", "when": {"price": {"max": 20}}},
        ],
    )
    context = shop.context(
        seen=shop.seen((1, "click", 2), (2, "buy", 50)),
        filter={"category": "Books"},
        exclude=np.array([2]),
    )
    assert list(map(str, made.why_not(1, context))) == [
        "left out, as tags is 'red' (recalled)",
        "seen already: click, to be listed not for another 5.0 days",
    ]
    assert list(map(str, made.why_not(2, context))) == [
        "not to be had: available says so",
        "the request asks for category is 'Books'",
        "excluded by the request",
        "seen already: buy, to be listed never again",
    ]
    assert list(map(str, made.why_not(4, shop.context()))) == [
        "only items are listed of which price is at most 20"
    ]
    assert made.why_not(3, shop.context())[0].step == "allowed"  # no price is not at most 20
    free = Policy(PolicyConfig(), ItemFields(IdMap(["a"]), {}))
    assert free.why_not(0, shop.context()) == ()
