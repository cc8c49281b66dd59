"""A list is short only where fewer items are left, whatever was put, removed, asked and seen."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.core import Catalogue, IdMap, Interactions, Sequences
from penchant.engine import Ask, Engine, Past, Recommender
from penchant.models import Als, AlsConfig
from penchant.rank import PolicyConfig
from penchant.retrieve import IndexConfig

ITEMS, DIM = 400, 8
NAMES = [f"i{n}" for n in range(ITEMS)]
GENRES = ["war", "love", "crime", None]
INDEXES = [
    IndexConfig(kind="exact"),
    IndexConfig(kind="hnsw", links=4, ef_construction=16, recall=0.5, sample=16),
]
NOW = 1e9
DAY = 86_400.0


def catalogue() -> tuple[Catalogue, list[dict[str, object]]]:
    import polars as pl

    rng = np.random.default_rng(0)
    rows = [
        {
            "item_id": name,
            "genre": GENRES[rng.integers(0, 4)],
            "price": int(rng.integers(0, 9)),
            "seller": f"s{rng.integers(0, 5)}",
            "available": bool(rng.random() < 0.9),
            "created_at": NOW - int(rng.integers(1, 99)) * DAY if rng.random() < 0.5 else None,
        }
        for name in NAMES
    ]
    return Catalogue(IdMap(NAMES), tuple(NAMES), tuple(NAMES), pl.DataFrame(rows), ""), rows


def recommender() -> Recommender:
    rng = np.random.default_rng(1)
    known, _ = catalogue()
    events = Sequences.of_items(np.full(20, 15), rng.integers(0, ITEMS - 40, 300))
    met = Interactions(IdMap(f"u{n}" for n in range(20)), known.items, events)
    y = rng.standard_normal((ITEMS, DIM)).astype(np.float32)
    y[rng.random(ITEMS) < 0.1] = 0  # of which the model knows nothing
    prior = met.counts().astype(np.float32)
    model = Als(AlsConfig(factors=DIM), y, np.arange(ITEMS, dtype=np.int32), prior)
    return Recommender(model, known, met)


RULES = [
    {"do": "exclude", "when": {"seller": "s0"}},
    {"do": "cap", "column": "genre", "most": 2, "per": 10},
    {"do": "pin", "when": {"genre": "war"}, "place": 2},
    {"do": "boost", "when": {"genre": "love"}, "by": 3.0},
]
SEEN = {"buy": "never", "click": 3, "look": "allow"}


@pytest.fixture(scope="module", params=INDEXES, ids=lambda config: config.kind)
def engines(request):
    """With and without rules."""
    made = recommender()
    plain = Engine.of(made, PolicyConfig(seen=SEEN), request.param)
    ruled = Engine.of(made, PolicyConfig(seen=SEEN, rules=RULES), request.param)
    return plain, ruled


SOME = st.lists(st.integers(0, ITEMS - 1), max_size=40)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "genre": st.sampled_from([None, "war", ["war", "love"], {"not": "crime"}]),
        "price": st.sampled_from([{"max": 0}, {"min": 7}, 3, {"min": 2, "max": 6}]),
        "seller": st.sampled_from(["s0", "s1", "nobody", {"not": "s2"}]),
    },
)
CASES = st.fixed_dictionaries(
    {
        "past": st.lists(
            st.tuples(
                st.integers(0, ITEMS - 1),
                st.floats(0, 9),
                st.sampled_from(["buy", "click", "look"]),
            ),
            max_size=60,
        ),
        "similar": st.one_of(st.none(), st.integers(0, ITEMS - 1)),
        "filter": FILTERS,
        "exclude": SOME,
        "k": st.integers(1, 60),
        "offset": st.sampled_from([0, 0, 5, 300]),
        "diversity": st.sampled_from([None, 0.4]),
        "gone": st.lists(st.integers(0, ITEMS - 1), max_size=3, unique=True),
        "ruled": st.booleans(),
        "explain": st.booleans(),
    }
)


def passes(value, test) -> bool:
    if isinstance(test, dict) and "not" in test:
        return not passes(value, test["not"])
    if isinstance(test, dict):
        low, high = test.get("min", -np.inf), test.get("max", np.inf)
        return value is not None and low <= value <= high
    if test is None:
        return value is None
    return value is not None and value in (test if isinstance(test, list) else [test])


def left(case, rows) -> set[str]:
    """Items that may be listed, by plain Python."""
    hidden = {
        code for code, days, kind in case["past"] if kind == "buy" or (kind == "click" and days < 3)
    }
    hidden |= {*case["exclude"], *case["gone"]}
    hidden |= set() if case["similar"] is None else {case["similar"]}
    return {
        row["item_id"]
        for code, row in enumerate(rows)
        if code not in hidden
        and row["available"]
        and not (case["ruled"] and row["seller"] == "s0")
        and all(passes(row[name], test) for name, test in case["filter"].items())
    }


@settings(max_examples=50)
@given(case=CASES)
def test_a_list_is_short_only_where_nothing_is_left(engines, case):
    engine, (_, rows) = engines[case["ruled"]], catalogue()
    if case["gone"]:
        engine = engine.with_items([{**rows[code], "available": False} for code in case["gone"]])
    ask = Ask(
        past=tuple(Past(NAMES[code], NOW - days * DAY, kind) for code, days, kind in case["past"]),
        similar_to=None if case["similar"] is None else NAMES[case["similar"]],
        k=case["k"],
        offset=case["offset"],
        filter=case["filter"] or None,
        exclude=[NAMES[code] for code in case["exclude"]],
        explain=case["explain"],
        diversity=case["diversity"],
    )
    (answer,) = engine.answer([ask], now=NOW)
    listed, may = [item.item for item in answer.items], left(case, rows)
    assert set(listed) <= may
    assert len(set(listed)) == len(listed)
    assert len(listed) == min(ask.k, max(0, len(may) - ask.offset))


@pytest.mark.parametrize("kind", INDEXES, ids=lambda config: config.kind)
@pytest.mark.parametrize("stages", [*itertools.permutations(("popular", "newest", "any"), 2), ()])
def test_the_chain_that_fills_a_list_is_kept_to(kind, stages):
    """Somebody of whom nothing is known: all of the first stage, then of the next, then any."""
    made, (_, rows) = recommender(), catalogue()
    engine = Engine.of(made, PolicyConfig(fallback=stages, availability=""), kind)
    (answer,) = engine.answer([Ask(k=ITEMS, explain=True)], now=NOW)
    counts, created = made.interactions.counts(), [row["created_at"] for row in rows]
    parts = {
        "popular": sorted(np.flatnonzero(counts), key=lambda code: (-counts[code], code)),
        "newest": sorted(
            (code for code in range(ITEMS) if created[code]),
            key=lambda code: (-created[code], code),
        ),
        "any": range(ITEMS),
    }
    chain = (*stages, "any") if stages else ("popular",)
    wanted = dict.fromkeys(code for stage in chain for code in parts[stage])
    assert [item.item for item in answer.items] == [NAMES[code] for code in wanted]
    assert all(item.reasons for item in answer.items)
