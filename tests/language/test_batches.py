"""Batches by length: every row once, under the budget, hardly any padding."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penchant.language.batches import batches_by_length


@given(st.lists(st.integers(1, 300), max_size=200), st.integers(1, 2000))
def test_every_row_comes_once_within_the_budget(lengths, budget):
    sizes = np.array(lengths, np.int64)
    batches = list(batches_by_length(sizes, budget))
    assert sorted(row for batch in batches for row in batch) == list(range(len(sizes)))
    for batch in batches:
        longest = sizes[batch].max()
        assert len(batch) == 1 or longest * len(batch) <= budget
        assert sizes[batch].min() >= 0.96 * longest - 1


def test_padding_is_below_two_percent_on_a_catalogue():
    sizes = np.random.default_rng(0).lognormal(3.5, 0.8, 10_000).clip(3, 256).astype(int)
    filled = sum(sizes[batch].max() * len(batch) for batch in batches_by_length(sizes, 8192))
    assert filled < 1.02 * sizes.sum()
