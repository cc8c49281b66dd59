"""Words as vectors: the yardstick of diversity."""

import numpy as np

from penchant.lab.words import word_diversity, word_vectors
from penchant.metrics import intra_list_diversity

TEXTS = ("a red lip balm", "A red lip gloss", "hair oil", "", "红色 唇膏", "红色 眼影")


def test_texts_that_share_rare_words_are_alike():
    vectors = word_vectors(TEXTS, np.arange(6)).toarray()
    assert vectors[0] @ vectors[1] > 0.3
    assert vectors[0] @ vectors[2] == 0
    assert vectors[4] @ vectors[5] > 0.3
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 1, 0, 1, 1])


def test_sparse_and_dense_diversity_agree():
    rng = np.random.default_rng(0)
    codes = np.array([rng.permutation(6)[:4] for _ in range(9)])
    codes[0, 2:] = codes[1] = -1
    vectors = word_vectors(TEXTS, np.arange(6))
    np.testing.assert_allclose(
        word_diversity(codes, vectors), intra_list_diversity(codes, vectors.toarray()), atol=1e-12
    )


def test_a_text_weighs_the_same_whatever_else_is_listed():
    alone = word_vectors(TEXTS, np.array([0, 1])).toarray()
    among = word_vectors(TEXTS, np.arange(6)).toarray()
    np.testing.assert_allclose(alone[0] @ alone[1], among[0] @ among[1])
