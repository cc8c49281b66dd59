import itertools

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax
from sklearn.metrics import ndcg_score

from penchant.core import UsageError
from penchant.tune import LambdaLoss, ListMLE, ListwiseSoftmax

OBJECTIVES = [
    ListwiseSoftmax(),
    ListwiseSoftmax("exponential"),
    ListMLE(),
    LambdaLoss("lambdarank"),
    LambdaLoss("ndcg2"),
    LambdaLoss("ndcg2++"),
]
WEIGHTINGS = ["lambdarank", "ndcg2", "ndcg2++"]


@pytest.fixture
def lists():
    rng = np.random.default_rng(0)
    relevance = np.array([[3, 0, 1, 0, 2], [0, 1, 0, 0, 1], [2, 1, 0, 3, 4]], float)
    return rng.normal(size=(3, 5)), relevance


def tensors(lists):
    return [torch.tensor(part) for part in lists]


def test_listnet_by_hand(lists):
    scores, relevance = lists
    shares = relevance / relevance.sum(axis=1, keepdims=True)
    expected = -(shares * log_softmax(scores, axis=1)).sum(axis=1).mean()
    assert ListwiseSoftmax()(*tensors(lists)).item() == pytest.approx(expected, abs=1e-12)
    shares = softmax(relevance, axis=1)
    expected = -(shares * log_softmax(scores, axis=1)).sum(axis=1).mean()
    found = ListwiseSoftmax("exponential")(*tensors(lists)).item()
    assert found == pytest.approx(expected, abs=1e-12)


def test_one_relevant_item_a_list_is_the_softmax_cross_entropy():
    scores, target = torch.randn(4, 6), torch.tensor([0, 5, 2, 2])
    relevance = torch.nn.functional.one_hot(target, 6)
    golden = torch.nn.functional.cross_entropy(scores, target).item()
    assert ListwiseSoftmax()(scores, relevance).item() == pytest.approx(golden, abs=1e-6)
    assert ListMLE(first=1)(scores, relevance).item() == pytest.approx(golden, abs=1e-6)


def test_the_likelihoods_of_all_orders_sum_to_one():
    scores = torch.randn(1, 4, dtype=torch.double)
    total = sum(
        np.exp(-ListMLE()(scores, torch.tensor([order])).item())
        for order in itertools.permutations([1.0, 2.0, 3.0, 4.0])
    )
    assert total == pytest.approx(1, abs=1e-12)


def test_listmle_by_hand(lists):
    scores, relevance = lists
    losses = []
    for score, grade in zip(scores, relevance, strict=True):
        placed = score[np.argsort(-grade, kind="stable")]
        losses.append(sum(np.log(np.exp(placed[i:]).sum()) - placed[i] for i in range(len(placed))))
    assert ListMLE()(*tensors(lists)).item() == pytest.approx(np.mean(losses), abs=1e-12)


def pair_weight(kind, i, j, rank, gain):
    def discount(place):
        return np.log2(1 + place)

    swap = abs(1 / discount(rank[i]) - 1 / discount(rank[j]))
    gap = abs(rank[i] - rank[j])
    step = abs(1 / discount(gap) - 1 / discount(gap + 1))
    return (
        abs(gain[i] - gain[j])
        * {"lambdarank": swap, "ndcg2": step, "ndcg2++": swap + 10 * step}[kind]
    )


def lambda_by_hand(scores, relevance, kind):
    """The paper's double sum, one pair after the other."""
    losses = []
    for score, grade in zip(scores, relevance, strict=True):
        rank = np.empty(len(score), int)
        rank[np.argsort(-score)] = np.arange(1, len(score) + 1)
        best = sum((2**g - 1) / np.log2(2 + place) for place, g in enumerate(sorted(grade)[::-1]))
        gain = (2**grade - 1) / best
        losses.append(
            sum(
                pair_weight(kind, i, j, rank, gain) * np.log2(1 + np.exp(score[j] - score[i]))
                for i in range(len(score))
                for j in range(len(score))
                if grade[i] > grade[j]
            )
        )
    return np.mean(losses)


@pytest.mark.parametrize("kind", WEIGHTINGS)
def test_lambda_loss_by_hand(lists, kind):
    expected = lambda_by_hand(*lists, kind)
    assert LambdaLoss(kind)(*tensors(lists)).item() == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("cut", [None, 2, 3])
def test_a_lambdarank_weight_is_what_the_swap_changes_in_ndcg(lists, cut):
    scores, relevance = tensors(lists)
    weight = LambdaLoss("lambdarank", cut=cut)._weights(
        scores, relevance, torch.ones_like(scores, dtype=torch.bool)
    )
    for row, i, j in itertools.product(range(3), range(5), range(5)):
        if relevance[row, i] <= relevance[row, j]:
            assert weight[row, i, j] == 0
            continue
        swapped = scores[row].clone()
        swapped[[i, j]] = swapped[[j, i]]
        gain = 2 ** relevance[row : row + 1] - 1
        before = ndcg_score(gain, scores[row : row + 1], k=cut)
        after = ndcg_score(gain, swapped[None], k=cut)
        assert weight[row, i, j].item() == pytest.approx(abs(after - before), abs=1e-9)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_padding_and_the_order_of_a_list_do_not_matter(objective, lists):
    scores, relevance = tensors(lists)
    plain = objective(scores, relevance).item()
    wide = torch.cat([scores, torch.full((3, 2), 50.0)], dim=1)
    grades = torch.cat([relevance, torch.full((3, 2), 9.0)], dim=1)
    mask = torch.arange(7).expand(3, 7) < 5
    assert objective(wide, grades, mask).item() == pytest.approx(plain, abs=1e-10)
    distinct = relevance + torch.arange(5) / 10  # ListMLE keeps the given order among equals
    turned = torch.randperm(5)
    one = objective(scores, distinct).item()
    assert objective(scores[:, turned], distinct[:, turned]).item() == pytest.approx(one, abs=1e-10)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_a_shift_of_a_list_changes_nothing(objective, lists):
    scores, relevance = tensors(lists)
    shifted = objective(scores + torch.tensor([[3.0], [-1.0], [9.0]]), relevance).item()
    assert shifted == pytest.approx(objective(scores, relevance).item(), abs=1e-10)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_learning_sorts_the_list(objective, lists):
    _, relevance = tensors(lists)
    scores = torch.zeros(3, 5, dtype=torch.double)
    scores += torch.arange(5) * 0.01
    scores.requires_grad_()
    optimiser = torch.optim.Adam([scores], lr=0.1)
    for _ in range(150):
        optimiser.zero_grad()
        objective(scores, relevance).backward()
        optimiser.step()
    assert ndcg_score(relevance.numpy(), scores.detach().numpy()) > 0.999


@pytest.mark.parametrize("objective", [*OBJECTIVES[:3], LambdaLoss("ndcg2")], ids=str)
def test_the_gradient_is_that_of_finite_differences(objective, lists):
    scores, relevance = tensors(lists)
    mask = torch.arange(5).expand(3, 5) < torch.tensor([[5], [3], [4]])
    inputs = scores.requires_grad_()
    assert torch.autograd.gradcheck(lambda s: objective(s, relevance, mask), (inputs,))


@pytest.mark.parametrize("objective", OBJECTIVES, ids=str)
def test_a_list_of_padding_alone_costs_nothing_and_its_gradient_is_a_number(objective):
    scores = torch.zeros(2, 3, requires_grad=True)
    relevance = torch.tensor([[1.0, 0, 0], [1.0, 0, 0]])
    mask = torch.tensor([[True, True, True], [False, False, False]])
    loss = objective(scores, relevance, mask)
    loss.backward()
    assert loss.item() == pytest.approx(objective(scores[:1], relevance[:1]).item(), abs=1e-6)
    assert torch.isfinite(scores.grad).all()


def test_a_list_without_relevance_is_left_out():
    scores, relevance = torch.randn(2, 3), torch.tensor([[1.0, 0, 0], [0.0, 0, 0]])
    for objective in (ListwiseSoftmax(), LambdaLoss()):
        alone = objective(scores[:1], relevance[:1]).item()
        assert objective(scores, relevance).item() == pytest.approx(alone, abs=1e-6)
        assert objective(scores[1:], relevance[1:]).item() == 0


def test_what_is_no_list_is_refused():
    with pytest.raises(UsageError, match="at least 0"):
        ListwiseSoftmax()(torch.zeros(1, 2), torch.tensor([[-1.0, 0]]))
    with pytest.raises(UsageError, match="lists, items"):
        ListMLE()(torch.zeros(2), torch.zeros(2))
    with pytest.raises(UsageError, match="one shape"):
        LambdaLoss()(torch.zeros(1, 2), torch.zeros(1, 3))
    with pytest.raises(UsageError, match="weighting"):
        LambdaLoss("ndcg")
    with pytest.raises(UsageError, match="cut=0: at least 1"):
        LambdaLoss(cut=0)
    with pytest.raises(UsageError, match="first=0: at least 1"):
        ListMLE(first=0)
    with pytest.raises(UsageError, match="labels"):
        ListwiseSoftmax("even")
