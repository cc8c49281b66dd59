import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penchant.core import Sequences
from penchant.tune import by_length, windows

rows = st.lists(st.integers(0, 30), min_size=1, max_size=40)


def sequences(lengths):
    n = sum(lengths)
    return Sequences.of_items(np.array(lengths, int), np.arange(n))


@given(rows, st.integers(2, 9))
def test_every_event_but_the_first_of_a_row_is_a_target_exactly_once(lengths, length):
    cut = windows(sequences(lengths), length)
    first = np.zeros(len(cut.item), bool)
    first[cut.indptr[:-1]] = True
    whole = sequences(lengths)
    starts = whole.indptr[:-1][whole.lengths > 0]
    expected = sorted(set(whole.item.tolist()) - set(whole.item[starts].tolist()))
    assert sorted(cut.item[~first].tolist()) == expected
    assert (cut.lengths <= length).all()
    assert (cut.lengths >= 2).all()


def test_the_newest_window_is_full():
    cut = windows(sequences([7]), 4)
    assert [cut.items_of(row).tolist() for row in range(len(cut))] == [[3, 4, 5, 6], [0, 1, 2, 3]]


@given(rows, st.integers(1, 64), st.integers(0, 3))
def test_batches_hold_every_row_once_within_the_budget(lengths, tokens, seed):
    lengths = np.array(lengths)
    batches = list(by_length(lengths, tokens, np.random.default_rng(seed)))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or lengths[batch].max() * len(batch) <= tokens


def test_padding_is_rare_where_lengths_are_skewed():
    lengths = np.random.default_rng(0).geometric(0.12, 20_000).clip(2, 50)
    padded = sum(int(lengths[b].max()) * len(b) for b in by_length(lengths, 4096))
    assert padded < 1.05 * lengths.sum()
