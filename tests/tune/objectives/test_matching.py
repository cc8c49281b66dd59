import math

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from sklearn.metrics.pairwise import cosine_similarity

from penchant.core import UsageError
from penchant.tune import InBatchSoftmax, SampledSoftmax, sampled_softmax, softmax


@pytest.fixture
def batch():
    return torch.randn(6, 4, dtype=torch.double), torch.randn(6, 4, dtype=torch.double)


ITEM = [3, 5, 3, 7, 9, 9]
USER = [0, 0, 1, 2, 3, 4]


def by_hand(queries, items, temperature, item, user, log_q):
    """Row by row, with the negatives written out."""
    queries, items = queries.numpy(), items.numpy()
    losses = []
    for row in range(len(queries)):
        own = queries[row] @ items[row] / temperature
        others = [
            queries[row] @ items[other] / temperature - log_q[other] - np.log(len(queries) - 1)
            for other in range(len(queries))
            if item[other] != item[row] and user[other] != user[row]
        ]
        losses.append(logsumexp([own, *others]) - own)
    return np.mean(losses)


def test_in_batch_softmax_by_hand(batch):
    log_q = np.log([0.3, 0.1, 0.3, 0.2, 0.1, 0.1])
    loss = InBatchSoftmax(temperature=0.7, cosine=False)
    found = loss(
        *batch, item=torch.tensor(ITEM), user=torch.tensor(USER), log_q=torch.tensor(log_q)
    )
    expected = by_hand(*batch, 0.7, ITEM, USER, log_q)
    assert found.item() == pytest.approx(expected, abs=1e-12)


def test_without_corrections_it_is_multiple_negatives_ranking(batch):
    # of sentence-transformers: the cross-entropy of cosines times 20
    scores = torch.tensor(cosine_similarity(*(part.numpy() for part in batch)) * 20)
    golden = torch.nn.functional.cross_entropy(scores, torch.arange(6))
    assert InBatchSoftmax()(*batch).item() == pytest.approx(golden.item(), abs=1e-12)
    both = (golden + torch.nn.functional.cross_entropy(scores.T, torch.arange(6))) / 2
    assert InBatchSoftmax(symmetric=True)(*batch).item() == pytest.approx(both.item(), abs=1e-12)


def test_extra_negatives_are_further_columns(batch):
    extra = torch.randn(3, 4, dtype=torch.double)
    clashes = torch.zeros(6, 3, dtype=torch.bool)
    clashes[:, 1] = True
    loss = InBatchSoftmax(cosine=False, temperature=1)
    found = loss(*batch, extra=extra, extra_clashes=clashes)
    golden = softmax(batch[0], torch.cat([batch[1], extra[[0, 2]]]), torch.arange(6))
    assert found.item() == pytest.approx(golden.item(), abs=1e-12)


def test_the_log_q_correction_gives_the_softmax_over_all_items():
    """A large batch drawn by frequency has the loss of all items where it is corrected."""
    rng = np.random.default_rng(0)
    items, state = torch.tensor(rng.normal(size=(5, 3))), torch.tensor(rng.normal(size=3))
    q = np.array([0.5, 0.2, 0.15, 0.1, 0.05])
    drawn = torch.tensor(rng.choice(5, 2000, p=q))
    queries, log_q = state.expand(2000, 3), torch.tensor(np.log(q))[drawn]
    loss = InBatchSoftmax(temperature=1, cosine=False)
    full = softmax(queries, items, drawn).item()
    corrected = loss(queries, items[drawn], item=drawn, log_q=log_q).item()
    assert corrected == pytest.approx(full, abs=0.03)
    assert abs(loss(queries, items[drawn], item=drawn).item() - full) > 1


def test_the_order_of_the_rows_does_not_matter(batch):
    loss = InBatchSoftmax(symmetric=True)
    item, user, log_q = torch.tensor(ITEM), torch.tensor(USER), torch.randn(6)
    turned = torch.randperm(6)
    one = loss(*batch, item=item, user=user, log_q=log_q)
    queries, items = batch[0][turned], batch[1][turned]
    other = loss(queries, items, item=item[turned], user=user[turned], log_q=log_q[turned])
    assert one.item() == pytest.approx(other.item(), abs=1e-12)


def test_the_same_item_in_every_row_leaves_nothing_to_learn(batch):
    queries = batch[0].requires_grad_()
    loss = InBatchSoftmax(symmetric=True)(queries, batch[1], item=torch.zeros(6, dtype=torch.long))
    loss.backward()
    assert loss.item() == 0
    assert not queries.grad.any()


def test_a_batch_of_one_or_none_is_no_error():
    one = torch.randn(1, 4, requires_grad=True)
    InBatchSoftmax()(one, one).backward()
    assert one.grad.abs().sum() == 0
    assert InBatchSoftmax()(torch.zeros(0, 4), torch.zeros(0, 4)).item() == 0


def test_gradients_of_the_in_batch_softmax_are_those_of_finite_differences(batch):
    loss = InBatchSoftmax(temperature=0.5, symmetric=True)
    item = torch.tensor(ITEM)
    parts = tuple(part.requires_grad_() for part in batch)
    assert torch.autograd.gradcheck(lambda a, b: loss(a, b, item=item), parts)


def test_sampled_softmax_shared_or_a_row_is_the_same(batch):
    negatives = torch.randn(5, 4, dtype=torch.double)
    log_q = torch.randn(5, dtype=torch.double)
    clashes = torch.rand(6, 5) < 0.3
    golden = sampled_softmax(batch[0] / 0.5, batch[1], negatives, log_q, clashes).item()
    loss = SampledSoftmax(temperature=0.5)
    assert loss(*batch, negatives, log_q, clashes).item() == pytest.approx(golden, abs=1e-12)
    each = negatives.expand(6, 5, 4)
    assert loss(*batch, each, log_q, clashes).item() == pytest.approx(golden, abs=1e-12)


def test_sampled_softmax_of_everything_is_the_full_softmax(batch):
    target = torch.tensor([0, 1, 2, 0, 1, 2])
    items = torch.randn(3, 4, dtype=torch.double)
    clashes = target[:, None] == torch.arange(3)[None]
    found = SampledSoftmax()(batch[0], items[target], items, clashes=clashes)
    assert found.item() == pytest.approx(softmax(batch[0], items, target).item(), abs=1e-12)


def test_cosines_do_not_depend_on_lengths(batch):
    negatives = torch.randn(3, 4, dtype=torch.double)
    loss = SampledSoftmax(cosine=True)
    one, other = loss(*batch, negatives), loss(batch[0] * 7, batch[1], negatives * 3)
    assert one.item() == pytest.approx(other.item(), abs=1e-12)
    assert one.item() < math.log(4) + 2


def test_matching_refuses_what_does_not_fit(batch):
    with pytest.raises(UsageError, match="temperature"):
        InBatchSoftmax(temperature=0)
    with pytest.raises(UsageError, match="one shape"):
        InBatchSoftmax()(batch[0], batch[1][:5])
    with pytest.raises(UsageError, match="log_q"):
        InBatchSoftmax()(*batch, log_q=torch.zeros(5))
    with pytest.raises(UsageError, match=r"sample, 4"):
        SampledSoftmax()(*batch, torch.zeros(3, 5))
