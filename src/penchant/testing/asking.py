"""Checks of how a fitted model answers."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from penchant.core import UNKNOWN, Requests, Sequences, Unsupported, UsageError

from .case import Case, expect, refused, valid
from .fitting import same_events
from .tiny import FILMS, tiny_dataset


def scores_are_numbers(case: Case) -> None:
    """Scores are (rows, items) float32, finite or minus infinity; no rows give no scores."""
    valid(case.scores(), len(case.requests()), len(FILMS))
    valid(case.fitted.model.score(case.requests()[:0]), 0, len(FILMS))


def scores_do_not_depend_on_the_batch(case: Case) -> None:
    """A request has the same scores alone, among others, and in any order."""
    requests, whole = case.requests(), case.scores()
    back = np.arange(len(requests))[::-1]
    turned = case.fitted.model.score(requests[back])[back]
    expect(_close(turned, whole), "the scores depend on the order of the requests")
    single = [case.fitted.model.score(requests[row : row + 1]) for row in range(len(whole))]
    alone = np.concatenate(single)
    expect(_close(alone, whole), "the scores depend on the other requests of the batch")


def scores_are_fresh(case: Case) -> None:
    """Whoever gets the scores may write into them."""
    first = case.scores()
    kept = first.copy()
    if first.flags.writeable:
        first[:] = -np.inf
    expect(np.array_equal(case.scores(), kept), "writing into the scores changed the model")


def requests_unchanged(case: Case) -> None:
    """Scoring writes into no array of the requests."""
    requests = case.requests()
    before = copy.deepcopy(requests.history)
    case.fitted.model.score(requests)
    expect(same_events(before, requests.history), "scoring changed the histories")


def empty_history(case: Case) -> None:
    """Without a history there is still an answer."""
    data = tiny_dataset()
    known = np.flatnonzero(data.interactions.events.lengths > 0)[:2].astype(np.int32)
    user = np.append(known, UNKNOWN).astype(np.int32) if _takes_new_users(case) else known
    nothing = Sequences.of_items(np.zeros(len(user), int), np.zeros(0, np.int32))
    requests = Requests(data.interactions.users, data.interactions.items, user, nothing)
    valid(case.fitted.model.score(requests), len(user), len(FILMS))


def unknown_user(case: Case) -> None:
    """Somebody new is ranked for by history, or refused; a bare unknown name is an error."""
    with refused(UsageError, "an unknown user with nothing else"):
        case.fitted.recommend(user="stranger")
    if _takes_new_users(case):
        found = case.fitted.recommend(user="stranger", history=["s1", "s2"], k=3)
        expect(len(found) > 0, "somebody new gets no list")
    else:
        with refused(Unsupported, "somebody new"):
            case.fitted.recommend(history=["s1", "s2"])


def unknown_items(case: Case) -> None:
    """Unknown items of a history change nothing; nothing but unknown ones is an error."""
    with refused(UsageError, "a history of unknown items"):
        case.fitted.recommend(user="u2", history=["no such item"])
    some = case.fitted.recommend(user="u2", history=["s1", "no such item", "s2"], k=5)
    same = case.fitted.recommend(user="u2", history=["s1", "s2"], k=5)
    expect(some == same, "an unknown item in the history changes the list")


def history_excluded(case: Case) -> None:
    """What somebody has seen is not listed, and is with ``keep_seen``."""
    requests = case.requests()
    for rows, codes, _ in case.fitted.rank(requests, len(FILMS)):
        for row, listed in zip(range(rows.start, rows.stop), codes, strict=True):
            seen = np.intersect1d(listed, requests.history.items_of(row))
            expect(not len(seen), f"request {row} lists items of its own history")
    kept = case.fitted.recommend(user="u2", k=len(FILMS), keep_seen=True)
    fewer = case.fitted.recommend(user="u2", k=len(FILMS))
    expect(len(kept) > len(fewer), "keep_seen lists nothing more")


def k_larger_than_the_catalogue(case: Case) -> None:
    """A long list ends where the items do, each listed once."""
    requests = case.requests()
    for _, codes, scores in case.fitted.rank(requests, 3 * len(FILMS)):
        expect(codes.shape[1] == 3 * len(FILMS), "the list is not k long")
        for listed, score in zip(codes, scores, strict=True):
            found = listed[listed >= 0]
            expect(len(set(found.tolist())) == len(found), "an item is listed twice")
            expect((listed[len(found) :] == UNKNOWN).all(), "a gap in a list")
            expect((np.diff(score[: len(found)]) <= 0).all(), "a list is not sorted by score")


def candidates_only(case: Case) -> None:
    """Only the candidates are listed."""
    wanted = np.array([1, 7, 12], np.int32)
    for _, codes, _ in case.fitted.rank(case.requests(), 5, wanted):
        expect(np.isin(codes, [*wanted, UNKNOWN]).all(), "an item is listed that is no candidate")


def queries_answered_or_refused(case: Case) -> None:
    """Words are answered and matter, or are refused."""
    if not case.model_class.abilities.queries:
        with refused(Unsupported, "a query to a model that does not read"):
            case.fitted.recommend(query="robots in space")
        one = case.requests()[:1]
        with refused(Unsupported, "scoring a query with a model that does not read"):
            case.fitted.model.score(replace(one, queries=("robots in space",)))
        return
    space = case.fitted.recommend(query="war of robots in space", k=len(FILMS))
    love = case.fitted.recommend(query="a gentle love story by the sea", k=len(FILMS))
    expect(len(space) > 0, "a query gets no list")
    expect(space != love, "different words give the same list")


def _takes_new_users(case: Case) -> bool:
    return case.model_class.abilities.new_users


def _close(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    return bool(np.allclose(one, other, rtol=1e-4, atol=1e-5))
