"""Injected profiles: found by what they have in common, and nobody else with them."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.live.trust import TrustConfig, judge, quarantine
from penchant.live.trust.groups import SHARES, pushed
from penchant.live.trust.profiles import Profiles, Together
from penchant.live.trust.twins import twins

TARGET = 177


def test_where_nobody_cheats_nobody_is_accused(honest):
    left, verdict = quarantine(honest)
    assert left is honest
    assert verdict.suspects == ()
    assert (verdict.weights == 1).all()


def test_users_who_push_an_item_together_are_left_out(attack):
    data = attack(20, TARGET)
    left, verdict = quarantine(data)
    fakes = {f"fake{n}" for n in range(20)}
    assert len(fakes & set(verdict.quarantined)) >= 17
    assert len(set(verdict.quarantined) - fakes) <= 4, "1 % of the honest users"
    assert verdict.pushed[0] == f"i{TARGET}"
    assert left.interactions.users is data.interactions.users, "codes stay"
    row = data.interactions.users.code(verdict.quarantined[0])
    assert left.interactions.events.lengths[row] == 0
    assert "users" in left.notes[-1]


def test_every_suspect_says_why(attack):
    verdict = judge(attack(20, TARGET).interactions)
    told = verdict.to_json()["suspects"]
    assert {one["reason"] for one in told} == {"injected"}
    assert all("raters" in one["evidence"] and "probability" in one["evidence"] for one in told)


def test_the_same_data_gives_the_same_verdict(attack):
    data = attack(20, TARGET)
    assert judge(data.interactions).to_json() == judge(data.interactions).to_json()


def test_it_can_be_switched_off(attack):
    assert judge(attack(20, TARGET).interactions, TrustConfig(injected=False)).suspects == ()


def test_pairs_are_counted_as_by_hand(honest):
    events = honest.interactions.events
    profiles = Profiles.of(events, len(honest.interactions.items))
    sets = [set(events.items_of(row).tolist()) for row in range(len(events))]
    together = Together(profiles)
    for low, high in [(0, 6), (1, 7), (3, 177)]:
        by_hand = sum(low in chosen and high in chosen for chosen in sets)
        assert together.counts(np.array([low * profiles.items + high]))[0] == by_hand
    first, second = profiles.pairs()
    assert len(first) == sum(len(chosen) * (len(chosen) - 1) // 2 for chosen in sets)
    assert (profiles.item[first] < profiles.item[second]).all()


def test_long_profiles_are_thinned_to_bound_the_work(honest):
    profiles = Profiles.of(honest.interactions.events, len(honest.interactions.items))
    few = profiles.thinned(pairs=5_000)
    assert len(few.pairs()[0]) <= 5_000
    assert (few.lengths >= np.minimum(profiles.lengths, 2)).all()
    assert set(zip(few.row, few.item, strict=True)) <= set(
        zip(profiles.row, profiles.item, strict=True)
    )


def test_the_evidence_is_the_mixture_of_likelihoods(honest):
    profiles = Profiles.of(honest.interactions.events, len(honest.interactions.items))
    ratio = np.full(profiles.users, -2.0)
    raters = profiles.row[profiles.item == 9]
    guilty = raters[: len(raters) // 2]
    ratio[guilty] = 4.0
    found = next(one for one in pushed(profiles, ratio, 0.9, 2, 0.5) if one.item == 9)
    lines = [np.prod(1 - s + s * np.exp(ratio[raters])) for s in SHARES]
    assert found.evidence == pytest.approx(np.log(np.mean(lines)), rel=1e-9)
    assert found.users.tolist() == sorted(guilty.tolist())


def test_twins_share_the_rarest_items_of_their_profiles(attack):
    data = attack(5, TARGET, copied=True)
    found = twins(Profiles.of(data.interactions.events, len(data.interactions.items)))
    assert found[-5:].all()
    assert found[:5].all(), "those who were copied"


def test_who_shares_no_rare_items_has_no_twin(dataset):
    made = dataset([list(range(n, n + 6)) for n in range(0, 60, 3)]).interactions
    assert not twins(Profiles.of(made.events, len(made.items))).any()


def test_too_little_data_accuses_nobody():
    from penchant.testing import tiny_dataset

    assert judge(tiny_dataset().interactions).quarantined == ()
