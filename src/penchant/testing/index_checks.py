"""What every index must do, whatever stands behind it.

Four lines test one of your own::

    import pytest
    from penchant.testing import INDEX_CHECKS, IndexCase

    @pytest.mark.parametrize("check", INDEX_CHECKS, ids=lambda check: check.__name__)
    def test_my_index(check):
        check(IndexCase(MyIndex))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penchant.core import UNKNOWN, PenchantError
from penchant.retrieve import Index

from .case import expect
from .fake_index import FakeIndex

ITEMS, DIM = 600, 8


@dataclass(frozen=True)
class IndexCase:
    """An index under test.

    Attributes:
        build: makes it of vectors (n, dim).
        reopen: saves it and opens what was saved; None where it cannot be saved.
        exact: whether it finds the very best, in the order of score and then code.
    """

    build: Callable[[NDArray[np.float32]], Index]
    reopen: Callable[[Index], Index] | None = None
    exact: bool = True


def index_vectors(rows: int = ITEMS, seed: int = 0) -> NDArray[np.float32]:
    """Vectors of small whole numbers: products are exact in any order, and many are equal."""
    return np.random.default_rng(seed).integers(-4, 5, (rows, DIM)).astype(np.float32)


def _agree(case: IndexCase, index: Index, fake: FakeIndex, k: int = 10, **asked: object) -> None:
    """The same lists, or nearly the same best scores where the index is approximate."""
    questions = index_vectors(16, seed=1)
    codes, scores = index.search(questions, k, **asked)  # type: ignore[arg-type]  # a mask or codes
    right, best = fake.search(questions, k, **asked)  # type: ignore[arg-type]  # as above
    expect(codes.shape == (16, k) and scores.shape == (16, k), f"shapes {codes.shape}")
    expect(codes.dtype == np.int32 and scores.dtype == np.float32, "types of what was found")
    expect(bool(((codes == UNKNOWN) == np.isneginf(scores)).all()), "what is missing is not -inf")
    full, found = (right != UNKNOWN).sum(axis=1), (codes != UNKNOWN).sum(axis=1)
    expect(bool((full == found).all()), f"lists hold {found} items where {full} are allowed")
    for row, question in enumerate(questions):
        for code, score in zip(codes[row, : full[row]], scores[row], strict=False):
            expect(int(code) in fake.vectors, f"item {code} is listed, which is not there")
            expect(float(fake.vectors[int(code)] @ question) == score, "a score is not the product")
        expect(len(set(codes[row, : full[row]])) == full[row], "an item is listed twice")
    if case.exact:
        expect(bool(np.array_equal(codes, right)), "another order than by score, then by code")
    elif full.any():
        share = float(
            (scores >= best[:, max(0, min(k, full.max()) - 1), None])[best > -np.inf].mean()
        )
        expect(share >= 0.8, f"only {share:.2f} of the best are found")


def the_best_are_found(case: IndexCase) -> None:
    """Codes and scores of the best, best first, lower codes first among equals."""
    for rows in (ITEMS, 1, 3):
        vectors = index_vectors(rows)
        for k in (1, 10, 50):
            _agree(case, case.build(vectors), FakeIndex(vectors), k)


def odd_sizes(case: IndexCase) -> None:
    """No questions, no places, no items, more places than items."""
    index = case.build(index_vectors(5))
    codes, _ = index.search(index_vectors(0), 3)
    expect(codes.shape == (0, 3), f"no questions gave {codes.shape}")
    codes, _ = index.search(index_vectors(2), 0)
    expect(codes.shape == (2, 0), f"no places gave {codes.shape}")
    codes, scores = index.search(index_vectors(2), 7)
    expect(bool((codes[:, 5:] == UNKNOWN).all() and (codes[:, :5] >= 0).all()), f"{codes}")
    expect(bool(np.isneginf(scores[:, 5:]).all()), "missing items have scores")
    index.remove(np.arange(5))
    expect(bool((index.search(index_vectors(2), 3)[0] == UNKNOWN).all()), "an empty index answers")


def filters_are_filled(case: IndexCase) -> None:
    """However few are allowed, for all rows or for each: as many as fit, and no others."""
    vectors, draw = index_vectors(), np.random.default_rng(2)
    index, fake = case.build(vectors), FakeIndex(vectors)
    for share in (0.9, 0.5, 0.1, 0.02, 0.0):
        _agree(case, index, fake, allowed=draw.random(ITEMS) < share)
        _agree(case, index, fake, allowed=draw.random((16, ITEMS)) < share)
    _agree(case, index, fake, allowed=np.ones(ITEMS // 2, np.bool_))  # the others are too new
    _agree(case, index, fake, allowed=np.ones(ITEMS + 50, np.bool_))
    worst = np.zeros(ITEMS, np.bool_)  # far from the question, so that a walk does not come by
    worst[np.argsort(vectors @ index_vectors(1, seed=1)[0])[:40]] = True
    _agree(case, index, fake, allowed=worst)


def what_is_unwanted_is_left_out(case: IndexCase) -> None:
    """Codes that one row must not list leave the row as long as it was."""
    vectors, draw = index_vectors(), np.random.default_rng(3)
    index, fake = case.build(vectors), FakeIndex(vectors)
    best = fake.search(index_vectors(16, seed=1), 40)[0]
    _agree(case, index, fake, without=list(best[:, :20]))
    some = [np.append(best[row, : 2 * row], [ITEMS + 9, -1]) for row in range(16)]
    _agree(case, index, fake, without=some)
    _agree(case, index, fake, without=list(best), allowed=draw.random(ITEMS) < 0.3)


def new_items_are_found_at_once(case: IndexCase) -> None:
    """Their codes go on from the last one."""
    vectors, more = index_vectors(), 5 * index_vectors(70, seed=4)
    index, fake = case.build(vectors), FakeIndex(vectors)
    for start in (0, 1, 40):
        part = more[start : start + 30]
        index.add(part)
        fake.add(part)
        _agree(case, index, fake)
    _agree(case, index, fake, allowed=np.random.default_rng(5).random(len(fake)) < 0.5)


def items_can_be_changed(case: IndexCase) -> None:
    """A code gets another vector, and the old one is never compared again."""
    vectors = index_vectors()
    index, fake = case.build(vectors), FakeIndex(vectors)
    index.add(vectors[:9])
    fake.add(vectors[:9])
    for codes in ([3, 500, 604], [604, 3], [7]):
        part = 5 * index_vectors(len(codes), seed=codes[0])
        index.add(part, np.array(codes))
        fake.add(part, np.array(codes))
        _agree(case, index, fake)
        _agree(case, index, fake, allowed=np.arange(len(fake)) % 2 == 0)


def removed_items_never_come_back(case: IndexCase) -> None:
    """Not by adding others, not by removing twice, not by what is allowed, not by saving."""
    vectors = index_vectors()
    index, fake = case.build(vectors), FakeIndex(vectors)
    draw = np.random.default_rng(6)
    for start in (0, 50, 100, 100):
        gone = np.unique([*range(start, start + 40), *draw.integers(0, len(fake), 30)])
        index.remove(gone)
        fake.remove(gone)
        _agree(case, index, fake)
        _agree(case, index, fake, allowed=np.ones(len(fake), np.bool_))
        part = 3 * index_vectors(20, seed=start)
        index.add(part)
        fake.add(part)
        if case.reopen is not None:
            index = case.reopen(index)
        _agree(case, index, fake)
    index.remove(np.array(sorted(fake.vectors))[5:])
    fake.remove(np.array(sorted(fake.vectors))[5:])
    _agree(case, index, fake)


def saved_and_opened_the_same(case: IndexCase) -> None:
    """Also what was added, changed and removed; and it goes on from there."""
    if case.reopen is None:
        return
    vectors = index_vectors()
    index, fake = case.build(vectors), FakeIndex(vectors)
    for each in (index, fake):
        each.add(2 * vectors[:30])
        each.add(3 * vectors[5:8], np.array([2, 400, 610]))
        each.remove(np.array([1, 2, 629]))
    asked = index_vectors(16, seed=1)
    again = case.reopen(index)
    expect(np.array_equal(index.search(asked, 20)[0], again.search(asked, 20)[0]), "other lists")
    again.add(4 * vectors[:3])
    fake.add(4 * vectors[:3])
    _agree(case, again, fake)


def bad_arguments_change_nothing(case: IndexCase) -> None:
    """Vectors that are no numbers or do not fit, and codes never given, are refused in words."""
    vectors = index_vectors()
    index, fake = case.build(vectors), FakeIndex(vectors)
    wrong = vectors[:3].copy()
    wrong[1, 2] = np.nan
    endless = np.where(np.isnan(wrong), np.float32(np.inf), wrong)
    calls: list[Callable[[], object]] = [
        lambda: index.add(wrong),
        lambda: index.add(endless),
        lambda: index.add(vectors[:2, :3]),
        lambda: index.add(vectors[:2], np.array([1, ITEMS])),
        lambda: index.add(vectors[:2], np.array([1])),
        lambda: index.remove(np.array([1, ITEMS])),
        lambda: index.remove(np.array([-1])),
        lambda: index.search(wrong, 3),
        lambda: index.search(vectors[0], 3),
        lambda: index.search(vectors[:2], -1),
        lambda: index.search(vectors[:2], 3, np.ones((3, ITEMS), np.bool_)),
        lambda: index.search(vectors[:2], 3, np.ones(ITEMS)),  # type: ignore[arg-type]  # no booleans
        lambda: index.search(vectors[:2], 3, None, [np.array([1])]),
    ]
    for number, call in enumerate(calls):
        try:
            call()
        except PenchantError as error:
            expect(len(str(error)) > 20, f"call {number} says nothing: {error}")
        else:
            expect(False, f"call {number} was taken")
    _agree(case, index, fake)


INDEX_CHECKS: tuple[Callable[[IndexCase], None], ...] = (
    the_best_are_found,
    odd_sizes,
    filters_are_filled,
    what_is_unwanted_is_left_out,
    new_items_are_found_at_once,
    items_can_be_changed,
    removed_items_never_come_back,
    saved_and_opened_the_same,
    bad_arguments_change_nothing,
)
"""Each takes an ``IndexCase`` and raises ``AssertionError`` where the index breaks the rule."""
