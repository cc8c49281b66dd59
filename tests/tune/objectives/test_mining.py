import numpy as np
import pytest

from penchant.core import Sequences, UsageError
from penchant.tune import HardNegatives


@pytest.fixture
def index():
    rng = np.random.default_rng(0)
    return rng.normal(size=(7, 5)).astype(np.float32), rng.normal(size=(40, 5)).astype(np.float32)


def by_hand(queries, items, target, known, config):
    """Every item looked at, one row after the other."""
    rows = []
    for row, query in enumerate(queries):
        similar = {code: float(query @ item) for code, item in enumerate(items)}
        right = similar[target[row]]
        ranked = sorted(
            (code for code in similar if code not in {target[row], *known[row]}),
            key=lambda code: -similar[code],
        )[config.skip :]
        limit = right - (1 - config.below) * abs(right) if config.below is not None else np.inf
        if config.margin:
            limit = min(limit, right - config.margin)
        kept = [code for code in ranked if similar[code] <= limit][: config.count]
        rows.append(kept + [-1] * (config.count - len(kept)))
    return rows


@pytest.mark.parametrize(
    "config",
    [
        HardNegatives(count=5, below=None, cosine=False, block=3),
        HardNegatives(count=3, below=None, skip=2, cosine=False),
        HardNegatives(count=4, below=0.8, cosine=False, block=1),
        HardNegatives(count=4, below=0.95, margin=0.5, skip=1, cosine=False),
        HardNegatives(count=50, cosine=False),
    ],
)
def test_the_hardest_are_found_as_by_looking_at_every_item(index, config):
    queries, items = index
    target = np.array([0, 5, 5, 9, 39, 1, 2])
    known = [[1, 2], [], [3], [], list(range(10, 30)), [1], [7, 7]]
    given = Sequences.of_items(
        np.array([len(row) for row in known]), np.concatenate([np.array(row, int) for row in known])
    )
    found = config.mine(queries, items, target, given)
    assert found.tolist() == by_hand(queries, items, target, known, config)


def test_by_cosine_the_length_of_a_vector_does_not_matter(index):
    queries, items = index
    target = np.arange(7)
    length = np.linspace(0.1, 9, 40, dtype=np.float32)[:, None]
    one = HardNegatives().mine(queries, items, target)
    assert one.tolist() == HardNegatives().mine(queries, items * length, target).tolist()


def test_an_unrecorded_like_beside_the_positive_is_guarded_against():
    items = np.array([[1, 0], [0.99, 0.02], [0.7, 0.7], [0, 1]], np.float32)
    query, target = np.array([[1, 0]], np.float32), np.array([0])
    assert HardNegatives(1, below=None).mine(query, items, target).tolist() == [[1]]
    assert HardNegatives(1, below=0.95).mine(query, items, target).tolist() == [[2]]
    assert HardNegatives(1, below=None, margin=0.5).mine(query, items, target).tolist() == [[3]]
    assert HardNegatives(1, below=None, skip=1).mine(query, items, target).tolist() == [[2]]


def test_fewer_than_asked_for_end_in_minus_one():
    items = np.eye(3, dtype=np.float32)
    found = HardNegatives(4, below=None).mine(items[:1], items, np.array([0]))
    assert found.tolist() == [[1, 2, -1, -1]]
    assert HardNegatives(4, skip=9).mine(items[:1], items, np.array([0])).tolist() == [[-1] * 4]
    assert HardNegatives(4).mine(items[:0], items, np.zeros(0, int)).shape == (0, 4)


def test_what_does_not_fit_is_refused(index):
    queries, items = index
    with pytest.raises(UsageError, match="items"):
        HardNegatives().mine(queries[:, :3], items, np.zeros(7, int))
    with pytest.raises(UsageError, match="one entry"):
        HardNegatives().mine(queries, items, np.zeros(6, int))
    with pytest.raises(UsageError, match="count"):
        HardNegatives(count=0)
