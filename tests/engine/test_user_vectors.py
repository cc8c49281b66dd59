"""Users' vectors, kept until they do something."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penchant.engine.user_vectors import UserVectors


def question(key: int) -> SimpleNamespace:
    return SimpleNamespace(key=key)


def make(questions):
    return np.array([[one.key, -one.key] for one in questions], np.float32)


@given(
    st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=6), max_size=20), st.integers(1, 8)
)
def test_every_question_has_its_own_vector_however_few_are_kept(batches, most):
    vectors = UserVectors(most)
    for keys in batches:
        asked = [question(key) for key in keys]
        assert np.array_equal(vectors.of(asked, make), make(asked))
        assert len(vectors) <= most
    assert vectors.hits + vectors.misses >= len(batches)


def test_the_least_recently_used_is_let_go():
    vectors, made = UserVectors(2), []

    def noted(questions):
        made.extend(one.key for one in questions)
        return make(questions)

    for key in (1, 2, 1, 3, 1, 2):
        vectors.of([question(key)], noted)
    assert made == [1, 2, 3, 2]


def test_what_is_kept_is_a_copy():
    vectors, shared = UserVectors(2), np.zeros((1, 2), np.float32)
    vectors.of([question(1)], lambda _: shared)
    shared[:] = 7
    assert not vectors.of([question(1)], make).any()


def test_what_is_being_made_when_all_is_forgotten_is_not_kept():
    vectors = UserVectors(2)

    def forgetting(questions):
        vectors.forget()
        return make(questions)

    assert vectors.of([question(1)], forgetting).tolist() == [[1, -1]]
    assert len(vectors) == 0
