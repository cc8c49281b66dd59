"""Floods: much from one user, or one item from many who did nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.core import Sequences, UsageError
from penchant.live.trust import TrustConfig, judge, quarantine
from penchant.live.trust.floods import repeated, too_fast
from penchant.models import Popularity, PopularityConfig


def test_a_users_events_on_an_item_count_as_so_many_at_most():
    events = Sequences.of_items(np.array([5, 2]), np.array([3, 3, 3, 3, 1, 3, 3]))
    weights = repeated(events, 2)
    assert weights.tolist() == [0.5, 0.5, 0.5, 0.5, 1.0, 1.0, 1.0]


def test_events_that_come_too_fast_do_not_count():
    time = np.array([0.0, 1, 2, 3, 4000, 4001, 0, 1, 2])
    events = Sequences.of_items(np.array([6, 3]), np.arange(9), time)
    assert np.flatnonzero(too_fast(events, 3)).tolist() == [3]


def test_one_user_cannot_make_an_item_popular(rows, dataset):
    flooded = rows()
    flooded[0] += [100] * 5000
    data = dataset(flooded)
    left, verdict = quarantine(data, TrustConfig(injected=False))
    assert [(one.user_id, one.about, one.reason) for one in verdict.suspects] == [
        ("u0", "i100", "repeated")
    ]
    plain = Popularity.fit(PopularityConfig(), data).popularity
    weighed = Popularity.fit(PopularityConfig(), left).popularity
    assert plain.argmax() == 100
    assert weighed.argmax() != 100


def test_throw_away_accounts_on_one_item_are_weighed_down_and_a_quiet_one_is_not(rows, dataset):
    many = rows() + [[100]] * 60 + [[n] for n in range(40)]
    verdict = judge(dataset(many).interactions, TrustConfig(injected=False))
    assert {one.about for one in verdict.suspects} == {"i100"}
    assert {one.reason for one in verdict.suspects} == {"crowd"}
    weight = verdict.suspects[0].weight
    assert 0 < weight < 0.6
    assert verdict.weights[-100:-40] == pytest.approx(weight)
    assert (verdict.weights[-40:] == 1).all()


def test_no_events_are_no_suspects(dataset):
    verdict = judge(dataset([[], []]).interactions)
    assert verdict.suspects == ()
    assert verdict.users == 0


@pytest.mark.parametrize(
    "wrong", [{"alpha": 0.0}, {"posterior": 1.0}, {"group": 1}, {"repeats": 0}, {"thin": -1}]
)
def test_a_setting_out_of_range_is_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        TrustConfig(**wrong)
