"""What holds of every list, whatever the policy, the candidates and the request are."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.core import IdMap
from penchant.models import configure
from penchant.rank import Context, ItemFields, Policy, PolicyConfig, Seen

NOW = 1_000_000_000.0
DAY = 86_400.0
WORDS = st.sampled_from("abc")
TESTS = st.one_of(
    st.fixed_dictionaries({"word": WORDS}),
    st.fixed_dictionaries({"word": st.fixed_dictionaries({"not": WORDS})}),
    st.fixed_dictionaries({"tags": st.lists(WORDS, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"price": st.fixed_dictionaries({"max": st.integers(0, 3)})}),
)
CAPS = st.fixed_dictionaries(
    {
        "do": st.just("cap"),
        "column": st.sampled_from(["word", "tags", "price"]),
        "most": st.integers(1, 3),
    },
    optional={"per": st.integers(1, 4)},
)
RULES = st.one_of(
    st.fixed_dictionaries({"do": st.sampled_from(["include", "exclude"]), "when": TESTS}),
    st.fixed_dictionaries(
        {"do": st.sampled_from(["boost", "bury"]), "when": TESTS, "by": st.floats(1.5, 9)}
    ),
    CAPS,
)
SETTINGS = st.fixed_dictionaries(
    {"seen": st.fixed_dictionaries({"buy": st.just("never"), "look": st.just("allow")})},
    optional={
        "seen_others": st.sampled_from(["never", "allow", 3]),
        "freshness": st.fixed_dictionaries({"half_life_days": st.floats(1, 100)}),
        "diversity": st.fixed_dictionaries(
            {"way": st.sampled_from(["mmr", "dpp"]), "weight": st.floats(0, 1)}
        ),
        "calibration": st.fixed_dictionaries(
            {"column": st.sampled_from(["word", "tags"]), "weight": st.floats(0, 1)}
        ),
    },
)


def shelf(n: int, rng: np.random.Generator) -> ItemFields:
    """``n`` items with a few values, some of them missing."""
    columns = {
        "word": rng.choice(np.array([None, "a", "b", "c"]), n).tolist(),
        "tags": [rng.choice(list("abc"), rng.integers(0, 3)).tolist() for _ in range(n)],
        "price": rng.choice(np.array([None, 0, 1, 2, 3, 4]), n).tolist(),
        "available": rng.choice(np.array([True, True, True, False, None]), n).tolist(),
        "created_at": [NOW - day * DAY if day else None for day in rng.integers(0, 99, n)],
    }
    return ItemFields(IdMap(map(str, range(n))), columns)


ANY_RULES = st.lists(RULES, max_size=4)
ANY_FILTER = st.one_of(st.none(), TESTS)


@st.composite
def cases(draw, rules=ANY_RULES, filters=ANY_FILTER):
    """A policy, candidates, a length and a request over a handful of items."""
    n, rng = draw(st.integers(1, 14)), np.random.default_rng(draw(st.integers(0, 1000)))
    rules = draw(rules)
    places = draw(st.lists(st.integers(1, 12), max_size=3, unique=True))
    rules += [{"do": "pin", "when": draw(TESTS), "place": place} for place in places]
    config = configure(PolicyConfig, {**draw(SETTINGS), "rules": rules})
    policy = Policy(config, shelf(n, rng), rng.integers(0, 3, n).astype(float))
    m, events = draw(st.integers(0, 18)), draw(st.integers(0, 6))
    scores = rng.choice([2.0, 1.0, 0.5, -1.0, -np.inf, np.nan], m)
    kinds = rng.choice(["buy", "look", "x"], events).tolist()
    context = Context(
        now=NOW,
        seen=Seen(rng.integers(0, n, events), kinds, NOW - rng.uniform(0, 9, events) * DAY),
        filter=draw(filters),
        exclude=rng.integers(0, n, draw(st.integers(0, 3))),
        vectors=rng.normal(size=(n, 4)).round().astype(np.float32),
        explain=draw(st.booleans()),
    )
    return policy, rng.integers(-1, n, m), scores, draw(st.integers(0, 16)), context


def may_be_listed(policy, context) -> set[int]:
    mask = policy.allowed(context)
    return set(range(len(policy.fields)) if mask is None else np.flatnonzero(mask).tolist())


@settings(max_examples=120)
@given(cases())
def test_no_forbidden_item_no_duplicate_never_short(case):
    policy, codes, scores, k, context = case
    found = policy.choose(codes, scores, k, context).codes.tolist()
    may = may_be_listed(policy, context)
    assert set(found) <= may
    assert len(set(found)) == len(found)
    assert len(found) == min(k, len(may))


@settings(max_examples=60)
@given(cases())
def test_an_item_is_forbidden_where_a_reason_can_be_given(case):
    policy, _, _, _, context = case
    may = may_be_listed(policy, context)
    for code in range(len(policy.fields)):
        assert (code in may) == (policy.why_not(code, context) == ())


CAPPED = cases(st.lists(CAPS, min_size=1, max_size=2), st.none())


def words(policy, column: str, code: int) -> list[object]:
    values = policy.fields.column(column)
    if hasattr(values, "values"):  # numbers
        return [] if np.isnan(values.values[code]) else [float(values.values[code])]
    return list(values.sets[values.code[code]]) if hasattr(values, "sets") else []


def over(policy, found) -> bool:
    """Whether a list has too many of one value under any cap, counted by hand."""
    for rule in policy.config.rules:
        per = getattr(rule, "per", None) or max(len(found), 1)
        for start in range(0, len(found) if rule.name == "cap" else 0, per):
            stretch = found[start : start + per]
            said = [word for code in stretch for word in words(policy, rule.column, code)]
            if any(said.count(word) > rule.most for word in said):
                return True
    return False


@settings(max_examples=120)
@given(CAPPED)
def test_caps_hold_or_it_is_said_that_they_do_not(case):
    policy, codes, scores, k, context = case
    listed = policy.choose(codes, scores, k, context)
    broken = [d for d in listed.decisions if d.step == "cap" and "broken" in d.text]
    assert broken or not over(policy, listed.codes.tolist())
    if not any(
        rule.name == "pin" for rule in policy.config.rules
    ):  # which may stand on a later page
        assert over(policy, listed.codes.tolist()) == bool(broken)


@settings(max_examples=120)
@given(CAPPED)
def test_a_cap_is_broken_only_where_nothing_else_is_left(case):
    policy, codes, scores, k, context = case
    listed = policy.choose(codes, scores, k, context)
    found = listed.codes.tolist()
    broken = [d.item for d in listed.decisions if d.step == "cap" and "broken" in d.text]
    if broken and not any(rule.name == "pin" for rule in policy.config.rules):
        above = found[: found.index(broken[0])]
        others = may_be_listed(policy, context) - set(above)
        assert all(over(policy, [*above, code]) for code in others)


@settings(max_examples=60)
@given(cases(), st.integers(0, 16))
def test_a_shorter_list_is_the_beginning_of_a_longer_one(case, shorter):
    policy, codes, scores, k, context = case
    long = policy.choose(codes, scores, k, context).codes.tolist()
    short = policy.choose(codes, scores, min(shorter, k), context).codes.tolist()
    assert short == long[: len(short)]


@settings(max_examples=40)
@given(cases())
def test_the_same_request_has_the_same_answer(case):
    policy, codes, scores, k, context = case
    first, second = (policy.choose(codes, scores, k, context) for _ in range(2))
    assert first.codes.tolist() == second.codes.tolist()
    assert first.decisions == second.decisions
    again = configure(PolicyConfig, policy.config.table())
    third = Policy(again, policy.fields, policy._popular).choose(codes, scores, k, context)
    assert third.codes.tolist() == first.codes.tolist()


@settings(max_examples=40)
@given(cases())
def test_scores_are_those_of_the_model(case):
    policy, codes, scores, k, context = case
    listed = policy.choose(codes, scores, k, context)
    best: dict[int, float] = {}
    for code, score in zip(codes.tolist(), scores.tolist(), strict=True):
        if np.isfinite(score):
            best[code] = max(score, best.get(code, -np.inf))
    for code, score in zip(listed.codes.tolist(), listed.scores.tolist(), strict=True):
        assert score == best[code] if code in best else np.isnan(score)
