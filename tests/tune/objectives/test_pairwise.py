import numpy as np
import pytest
import torch
from scipy.special import log_expit
from torch.nn import functional

from penchant.core import UsageError
from penchant.tune import BPRLoss, MarginLoss


@pytest.fixture
def scores():
    return torch.randn(6, dtype=torch.double), torch.randn(6, 3, dtype=torch.double)


def test_bpr_by_hand(scores):
    positive, negative = scores
    expected = -log_expit(positive.numpy()[:, None] - negative.numpy()).mean()
    assert BPRLoss()(positive, negative).item() == pytest.approx(expected, abs=1e-12)


def test_one_negative_a_row_is_a_column_of_negatives(scores):
    positive, negative = scores
    for loss in (BPRLoss(), MarginLoss()):
        flat = loss(positive, negative[:, 0])
        assert flat.item() == pytest.approx(loss(positive, negative[:, :1]).item(), abs=1e-12)


def test_margin_is_the_ranking_loss_of_torch(scores):
    positive, negative = scores
    golden = functional.margin_ranking_loss(
        positive[:, None].expand(6, 3), negative, torch.ones(6, 3), margin=0.3
    )
    assert MarginLoss(0.3)(positive, negative).item() == pytest.approx(golden.item(), abs=1e-12)


def test_pairs_apart_by_the_margin_have_no_gradient():
    positive = torch.tensor([1.0, 1.0], requires_grad=True)
    MarginLoss(0.5)(positive, torch.tensor([0.4, 0.6])).backward()
    assert positive.grad.tolist() == [0, -0.5]


@pytest.mark.parametrize("loss", [BPRLoss(), MarginLoss()])
def test_masked_negatives_do_not_count(loss, scores):
    positive, negative = scores
    mask = torch.tensor([[True, True, False]] * 6)
    expected = loss(positive, negative[:, :2]).item()
    assert loss(positive, negative, mask).item() == pytest.approx(expected, abs=1e-12)
    assert loss(positive, negative, torch.zeros_like(mask)).item() == 0


@pytest.mark.parametrize("loss", [BPRLoss(), MarginLoss()])
def test_only_differences_count(loss, scores):
    positive, negative = scores
    shift = torch.randn(6, dtype=torch.double)
    moved = loss(positive + shift, negative + shift[:, None])
    assert moved.item() == pytest.approx(loss(positive, negative).item(), abs=1e-12)


def test_the_gradient_is_that_of_finite_differences(scores):
    positive, negative = (part.requires_grad_() for part in scores)
    assert torch.autograd.gradcheck(BPRLoss(), (positive, negative))


def test_bpr_of_a_hopeless_pair_is_finite():
    assert np.isfinite(BPRLoss()(torch.tensor([-1e4]), torch.tensor([1e4])).item())


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(UsageError, match="negative"):
        BPRLoss()(torch.zeros(3), torch.zeros(2, 3))
    with pytest.raises(UsageError, match="one shape"):
        BPRLoss()(torch.zeros(3), torch.zeros(2))
    with pytest.raises(UsageError, match="margin"):
        MarginLoss(-1)
