"""Two lists merged by a team draft."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.core import UsageError
from penchant.rank import draft_teams, team_draft

LISTS = st.integers(1, 12).flatmap(
    lambda k: st.tuples(
        *[st.permutations(range(20)).map(lambda order: order[:12]) for _ in "ab"], st.just(k)
    )
)


@given(LISTS, st.text())
def test_each_list_puts_the_best_of_its_own_that_is_not_there_yet(lists, request_id):
    first, second, k = lists
    teams = draft_teams(request_id, k)
    merged = team_draft(first, second, teams)
    assert len(merged) == len(set(merged)) == k
    for place, (item, team) in enumerate(zip(merged, teams, strict=True)):
        own = (first, second)[team]
        assert item == next(one for one in own if one not in merged[:place])


@given(st.text(), st.text(), st.integers(0, 1100))
def test_whose_a_place_is_follows_from_the_request_and_the_place(request_id, salt, k):
    teams = draft_teams(request_id, k, salt)
    longer = draft_teams(request_id, k + 7, salt)
    assert teams.tolist() == longer[:k].tolist()
    assert all(teams[2 * r] + teams[2 * r + 1] == 1 for r in range(k // 2))


def test_by_hand():
    first, second = list("abcdef"), list("bexgfh")
    assert team_draft(first, second, [0, 1, 1, 0]) == ["a", "b", "e", "c"]
    assert team_draft(first, second, [1, 0, 0, 1]) == ["b", "a", "c", "e"]


def test_over_all_coins_equal_lists_share_every_place():
    """And lists turned around change places: nothing favours the first."""
    for coins in itertools.product((0, 1), repeat=3):
        teams = [team for coin in coins for team in (coin, 1 - coin)]
        other = [1 - team for team in teams]
        one, two = list("abcdef"), list("fbdaec")
        assert team_draft(one, two, teams) == team_draft(two, one, other)
        assert team_draft(one, one, teams) == one


def test_coins_fall_evenly_and_differ_by_request_and_salt():
    falls = [int(draft_teams(f"request-{i}", 2)[0]) for i in range(2000)]
    assert 0.46 < sum(falls) / 2000 < 0.54
    assert draft_teams("a", 40).tolist() != draft_teams("b", 40).tolist()
    assert draft_teams("a", 40).tolist() != draft_teams("a", 40, "salt").tolist()


def test_lists_that_could_run_out_are_refused():
    with pytest.raises(UsageError, match="two lists of 3"):
        team_draft([1, 2], [3, 4, 5], [0, 1, 1])
