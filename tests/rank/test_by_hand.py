"""Whole policies, drawn at random, against one written again as plainly as possible.

It shares no line with what it checks: lists for arrays, loops for products, every choice made by
looking at every item.
"""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.core import IdMap
from penchant.models import configure
from penchant.rank import Context, ItemFields, Policy, PolicyConfig, Seen

NOW, DAY = 1e9, 86_400.0


class Draw:
    """A policy, a request and candidates over a few items; scores and vectors without ties."""

    def __init__(self, seed: int) -> None:
        rng = self.rng = np.random.default_rng(seed)
        self.n, self.k = int(rng.integers(1, 25)), int(rng.integers(1, 20))
        self.word = [self.one(None, "a", "b", "c") for _ in range(self.n)]
        self.tags = [[t for t in "xyz" if rng.random() < 0.4] for _ in range(self.n)]
        self.price = [self.one(None, 1.0, 2.0, 3.0) for _ in range(self.n)]
        self.available = [self.one(True, True, True, False, None) for _ in range(self.n)]
        self.created = [self.one(None, *(NOW - d * DAY for d in (1, 9, 80))) for _ in range(self.n)]
        self.popularity = rng.integers(0, 4, self.n).astype(float)
        self.vectors = rng.standard_normal((self.n, 40)).astype(np.float32)
        self.codes = rng.permutation(self.n)[: rng.integers(0, self.n + 1)].tolist()
        self.scores = np.sort(rng.standard_normal(len(self.codes)))[::-1].astype(np.float32)
        events = int(rng.integers(0, 8))
        self.past = [
            (int(rng.integers(0, self.n)), self.one("buy", "look", "x"), float(rng.uniform(0, 9)))
            for _ in range(events)
        ]
        self.exclude = [int(rng.integers(0, self.n))] if rng.random() < 0.3 else []
        self.filter = self.test() if rng.random() < 0.3 else None
        self.rules = [self.rule() for _ in range(rng.integers(0, 4))]
        self.rules += [
            {"do": "pin", "when": self.test(), "place": int(place)}
            for place in rng.choice(np.arange(1, 12), rng.integers(0, 3), replace=False)
        ]
        self.freshness = self.maybe({"half_life_days": 10.0, "least": 0.2})
        self.diversity = self.maybe({"way": self.one("mmr", "dpp"), "weight": self.one(0.2, 0.7)})
        self.calibration = self.maybe({"column": self.one("word", "tags"), "weight": 0.4})
        self.fallback = self.one(("popular", "newest", "any"), ("newest",), ())

    def one(self, *some):
        return some[self.rng.integers(0, len(some))]

    def maybe(self, some):
        return some if self.rng.random() < 0.4 else None

    def test(self) -> dict[str, object]:
        return self.one(
            {"word": "a"}, {"word": ["a", "b"]}, {"tags": "x"}, {"price": {"max": 2}},
            {"word": {"not": "c"}}, {"price": None},
        )  # fmt: skip

    def rule(self) -> dict[str, object]:
        do = self.one("include", "exclude", "boost", "bury", "cap", "cap")
        if do == "cap":
            column = self.one("word", "tags", "price")
            per = self.maybe({"per": int(self.rng.integers(1, 6))}) or {}
            return {"do": do, "column": column, "most": int(self.rng.integers(1, 3)), **per}
        by = {"by": self.one(1.7, 4.3)} if do in ("boost", "bury") else {}
        return {"do": do, "when": self.test(), **by}

    def policy(self) -> Policy:
        columns = {
            "word": self.word,
            "tags": self.tags,
            "price": self.price,
            "available": self.available,
            "created_at": self.created,
        }
        given = {"diversity": self.diversity, "calibration": self.calibration}
        given["freshness"] = self.freshness
        config = {
            "rules": self.rules,
            "fallback": self.fallback,
            "seen": {"buy": "never", "look": "allow"},
            "seen_others": 4,
            **{name: value for name, value in given.items() if value is not None},
        }
        fields = ItemFields(IdMap(map(str, range(self.n))), columns)
        return Policy(configure(PolicyConfig, config), fields, self.popularity)

    def context(self) -> Context:
        codes, kinds, days = zip(*self.past, strict=True) if self.past else ((), (), ())
        seen = Seen(np.array(codes, int), kinds, NOW - DAY * np.array(days, float))
        return Context(
            NOW, seen, self.filter, np.array(self.exclude, int), self.vectors, explain=True
        )


class ByHand:
    """The list of a draw."""

    def __init__(self, draw: Draw) -> None:
        self.d = draw
        self.rules = [(rule["do"], rule) for rule in draw.rules]
        self.caps = [rule for do, rule in self.rules if do == "cap"]
        found = [code for code in draw.codes if self.allowed(code)]
        self.score = dict(zip(draw.codes, draw.scores.tolist(), strict=True))
        self.candidates, self.relevance = self.moved(found)
        self.chain = self.fallback()
        self.pins = self.pinned()
        self.steps: dict[int, set[str]] = {}

    def values(self, column: str, code: int) -> list[object]:
        own = getattr(self.d, column)[code]
        return own if isinstance(own, list) else [] if own is None else [own]

    def passes(self, code: int, test: dict[str, object]) -> bool:
        ((column, wanted),) = test.items()
        own = self.values(column, code)
        if wanted is None:
            return not own
        if isinstance(wanted, dict) and "not" in wanted:
            return not self.passes(code, {column: wanted["not"]})
        if isinstance(wanted, dict):
            return bool(own) and own[0] <= wanted["max"]
        return any(word in (wanted if isinstance(wanted, list) else [wanted]) for word in own)

    def allowed(self, code: int) -> bool:
        d = self.d
        if d.available[code] is False or code in d.exclude:
            return False
        if d.filter and not self.passes(code, d.filter):
            return False
        for do, rule in self.rules:
            if do == "include" and not self.passes(code, rule["when"]):
                return False
            if do == "exclude" and self.passes(code, rule["when"]):
                return False
        return not any(
            item == code and (kind == "buy" or (kind == "x" and days < 4))
            for item, kind, days in d.past
        )

    def factor(self, code: int) -> float:
        found = 1.0
        for do, rule in self.rules:
            if do in ("boost", "bury") and self.passes(code, rule["when"]):
                found *= rule["by"] if do == "boost" else 1 / rule["by"]
        if self.d.freshness:
            born, least = self.d.created[code], self.d.freshness["least"]
            days = math.inf if born is None else (NOW - born) / DAY
            found *= max(least, 0.5 ** (days / self.d.freshness["half_life_days"]))
        return found

    def moved(self, found: list[int]) -> tuple[list[int], dict[int, float]]:
        """Places divided by factors, and the scores that stand there, from 1 down to 0."""
        counts = {code: (at + 1) / self.factor(code) for at, code in enumerate(found)}
        order = sorted(found, key=lambda code: (counts[code], -self.factor(code)))

        def score_at(place: float) -> float:
            low = min(max(math.floor(place), 1), len(found))
            high = min(low + 1, len(found))
            share = min(max(place - low, 0.0), 1.0)
            return (1 - share) * self.score[found[low - 1]] + share * self.score[found[high - 1]]

        worth = {code: score_at(counts[code]) for code in order}
        low, high = min(worth.values(), default=0), max(worth.values(), default=0)
        if high > low:
            return order, {code: (own - low) / (high - low) for code, own in worth.items()}
        return order, dict.fromkeys(order, 1.0)

    def fallback(self) -> list[int]:
        d, every = self.d, range(self.d.n)
        parts = {
            "popular": sorted(
                (c for c in every if d.popularity[c] > 0), key=lambda c: (-d.popularity[c], c)
            ),
            "newest": sorted((c for c in every if d.created[c]), key=lambda c: (-d.created[c], c)),
            "any": list(every),
        }
        stages = (*d.fallback, "any") if d.fallback else ()
        return list(dict.fromkeys(code for stage in stages for code in parts[stage]))

    def too_many(self, some: list[int]) -> bool:
        """Whether items of one stretch break a cap that counts them all."""
        return any(self._over(rule, some) for rule in self.caps)

    def _over(self, rule: dict[str, object], some: list[int]) -> bool:
        said = [word for code in some for word in self.values(rule["column"], code)]
        return any(said.count(word) > rule["most"] for word in said)

    def pinned(self) -> dict[int, int]:
        found: dict[int, int] = {}
        pins = [rule for do, rule in self.rules if do == "pin"]
        others = self.chain or list(range(self.d.n))
        for rule in sorted(pins, key=lambda rule: rule["place"]):
            fitting = [c for c in self.candidates if self.passes(c, rule["when"])]
            fitting += [c for c in others if self.passes(c, rule["when"]) and self.allowed(c)]
            for code in fitting:
                place = rule["place"] - 1
                free = all(
                    not self._over(cap, [*self._stretch(cap, place, found), code])
                    or not self._shares(cap, code, self._stretch(cap, place, found))
                    for cap in self.caps
                )
                if code not in found.values() and free:
                    found[place] = code
                    break
        return found

    def _stretch(self, cap, place: int, pins: dict[int, int]) -> list[int]:
        per = cap.get("per")
        return [c for at, c in pins.items() if per is None or at // per == place // per]

    def _shares(self, cap, code: int, others: list[int]) -> bool:
        own = self.values(cap["column"], code)
        return any(
            sum(word in self.values(cap["column"], other) for other in others) >= cap["most"]
            for word in own
        )

    def fits(self, code: int, listed: list[int], pins: dict[int, int]) -> bool:
        """Whether an item has room at the next place, that of pins in the stretch being taken."""
        place = len(listed)
        for cap in self.caps:
            per = cap.get("per")
            start = 0 if per is None else place // per * per
            settled = self._stretch(cap, place, pins)
            if code in settled:  # pinned further down in this stretch, and counted from its start
                continue
            beside = listed[start:]
            beside += [c for c in settled if c not in beside]
            if self._shares(cap, code, beside):
                return False
        return True

    def gain(self, code: int, listed: list[int]) -> float:
        d, own = self.d, self.relevance.get(code, 0.0)
        placed = [c for c in listed if c in self.relevance or c in self.pins.values()]
        w = d.diversity["weight"] if d.diversity else 0.0
        total = (1 - w) * own
        if d.diversity and d.diversity["way"] == "mmr":
            total -= w * max((self.cosine(code, other) for other in placed), default=0.0)
        elif d.diversity:
            before, after = self.volume(placed), self.volume([*placed, code])
            total += w * max(math.log(1e-6), after - before)
        wanted = self.shares([code for code, _, _ in d.past]) if d.calibration else {}
        if not wanted:
            return total
        c, smoothing = d.calibration["weight"], 0.01
        sums, size = self.sums([*placed, code]), len(placed) + 1
        away = sum(
            p * math.log(p / ((1 - smoothing) * sums.get(word, 0.0) / size + smoothing * p))
            for word, p in wanted.items()
        )
        return (1 - c) * total - c * away

    def cosine(self, one: int, other: int) -> float:
        a, b = (self.d.vectors[code].astype(float) for code in (one, other))
        return float(a @ b / math.sqrt((a @ a) * (b @ b)))

    def volume(self, some: list[int]) -> float:
        kernel = [[(1 + self.cosine(a, b)) / 2 if a != b else 1.0 for b in some] for a in some]
        return float(np.linalg.slogdet(np.array(kernel))[1]) if some else 0.0

    def sums(self, some: list[int]) -> dict[str, float]:
        found: dict[str, float] = {}
        for code in some:
            words = self.values(self.d.calibration["column"], code)
            for word in words:
                found[word] = found.get(word, 0.0) + 1 / len(words)
        return found

    def shares(self, some: list[int]) -> dict[str, float]:
        sums = self.sums(some)
        return {word: part / sum(sums.values()) for word, part in sums.items()}

    def listed(self) -> list[int]:
        listed: list[int] = []
        pins = dict(self.pins)
        free = [code for code in self.candidates if code not in pins.values()]
        fill = [c for c in self.chain if self.allowed(c) and c not in self.candidates]
        fill = [code for code in fill if code not in pins.values()]
        while len(listed) < self.d.k:
            step, code = "pin", pins.pop(len(listed), None)
            if code is None:
                step, code = self.next(listed, free, fill)
            if code is None and pins:
                step, code = "pin", pins.pop(min(pins))
            if code is None:
                break
            self.steps[code] = {step}
            if not self.fits(code, listed, self.pins):
                self.steps[code].add("broken")
            listed.append(code)
        return listed

    def next(self, listed, free, fill) -> tuple[str, int | None]:
        # a cap is broken to fill a list up, which a policy without a chain does not
        for capped in (True, False) if self.chain else (True,):
            for step, some in (("candidate", free), ("fallback", fill)):
                able = [c for c in some if not capped or self.fits(c, listed, self.pins)]
                if able and step == "candidate":
                    gains = [self.gain(code, listed) for code in able]
                    best = able[next(n for n, own in enumerate(gains) if own >= max(gains) - 1e-6)]
                    above = able[: able.index(best)]
                    free.remove(best)
                    return "passed" if above else "candidate", best
                if able:
                    fill.remove(able[0])
                    return "fallback", able[0]
        return "", None


@settings(max_examples=200)
@given(st.integers(0, 10_000_000))
def test_a_policy_is_what_is_written_about_it(seed):
    draw = Draw(seed)
    policy, hand = draw.policy(), ByHand(draw)
    found = policy.choose(np.array(draw.codes, int), draw.scores, draw.k, draw.context())
    assert found.codes.tolist() == hand.listed()


@settings(max_examples=200)
@given(st.integers(0, 10_000_000))
def test_each_decision_is_told(seed):
    draw = Draw(seed)
    policy, hand = draw.policy(), ByHand(draw)
    found = policy.choose(np.array(draw.codes, int), draw.scores, draw.k, draw.context())
    told: dict[int | None, list[str]] = {}
    for one in found.decisions:
        told.setdefault(one.item, []).append(one.step)
    listed = hand.listed()
    for code in listed:
        steps, own = hand.steps[code], told.get(code, [])
        assert ("pin" in steps) == ("pin" in own)
        assert ("fallback" in steps) == ("fallback" in own)
        assert ("broken" in steps) == ("cap" in own)
        reordered = bool(draw.diversity) or bool(hand.d.calibration and hand_shares(hand))
        assert ("passed" in steps and reordered) == bool({"diversity", "calibration"} & {*own})
        if steps & {"candidate", "passed"}:
            for do in ("boost", "bury"):
                holds = [r for name, r in hand.rules if name == do and hand.passes(code, r["when"])]
                assert own.count(do) == len(holds)
            assert ("freshness" in own) == bool(draw.freshness)
    whole = told.get(None, [])
    assert ("fallback" in whole) == (len(listed) < draw.k)
    for code in set(range(draw.n)) - {*listed}:
        assert bool(policy.why_not(code, draw.context())) == (not hand.allowed(code))


def hand_shares(hand: ByHand) -> dict[str, float]:
    return hand.shares([code for code, _, _ in hand.d.past])
