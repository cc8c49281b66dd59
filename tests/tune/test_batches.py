import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penchant.core import Sequences
from penchant.tune import windows

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
