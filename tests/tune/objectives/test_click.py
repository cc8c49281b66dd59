import numpy as np
import pytest
import torch
from scipy.special import expit, log_expit, log_softmax
from sklearn.metrics import log_loss

from penchant.core import UsageError
from penchant.tune import BinaryCrossEntropy, SoftmaxCrossEntropy


@pytest.fixture
def clicks():
    rng = np.random.default_rng(0)
    return rng.normal(size=20) * 3, rng.integers(0, 2, 20).astype(float)


def test_binary_cross_entropy_is_the_log_loss(clicks):
    logits, labels = clicks
    found = BinaryCrossEntropy()(torch.tensor(logits), torch.tensor(labels))
    assert found.item() == pytest.approx(log_loss(labels, expit(logits)), abs=1e-12)


def test_weights_and_smoothing_of_a_click_by_hand(clicks):
    logits, labels = clicks
    weight = np.linspace(0, 2, 20)
    soft = 0.9 * labels + 0.05
    each = -(3 * soft * log_expit(logits) + (1 - soft) * log_expit(-logits))
    found = BinaryCrossEntropy(positive_weight=3, smoothing=0.1)(
        torch.tensor(logits), torch.tensor(labels), torch.tensor(weight)
    )
    assert found.item() == pytest.approx(np.average(each, weights=weight), abs=1e-12)


def test_the_weight_of_positives_can_be_taken_back_from_the_log_odds():
    loss = BinaryCrossEntropy(positive_weight=4)
    even = torch.zeros(5, requires_grad=True)  # the best log-odds where one click in five counts 4
    loss(even, torch.tensor([1.0, 0, 0, 0, 0])).backward()
    assert even.grad.sum().item() == pytest.approx(0, abs=1e-7)
    assert torch.sigmoid(loss.corrected(even[:1])).item() == pytest.approx(0.2, abs=1e-6)


def test_a_certain_and_wrong_click_is_finite():
    loss = BinaryCrossEntropy()(torch.tensor([-1e4, 1e4]), torch.tensor([1, 0]))
    assert loss.item() == pytest.approx(1e4)


def test_no_clicks_cost_nothing_and_have_a_gradient():
    logits = torch.zeros(0, requires_grad=True)
    loss = BinaryCrossEntropy()(logits, torch.zeros(0))
    loss.backward()
    assert loss.item() == 0


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (torch.tensor([1.0, 5.0]), "SquaredError"),
        (torch.ones(2, 1), r"logits \(2,\), labels \(2, 1\)"),
    ],
)
def test_what_is_no_click_is_refused(labels, message):
    with pytest.raises(UsageError, match=message):
        BinaryCrossEntropy()(torch.zeros(2), labels)


def test_softmax_over_classes_by_hand():
    rng = np.random.default_rng(1)
    logits, labels = rng.normal(size=(9, 4)), rng.integers(0, 4, 9)
    weights, smoothing = np.array([1, 2, 0.5, 3]), 0.2
    log_p = log_softmax(logits, axis=1)
    hit = -weights[labels] * log_p[np.arange(9), labels]
    even = -(weights * log_p).sum(axis=1) / 4
    expected = ((1 - smoothing) * hit + smoothing * even).sum() / weights[labels].sum()
    loss = SoftmaxCrossEntropy(4, tuple(weights), smoothing)
    found = loss(torch.tensor(logits), torch.tensor(labels))
    assert found.item() == pytest.approx(expected, abs=1e-12)
    plain = SoftmaxCrossEntropy(4)
    golden = log_loss(labels, np.exp(log_p), labels=range(4))
    assert plain(torch.tensor(logits), torch.tensor(labels)).item() == pytest.approx(golden)


def test_a_shift_of_the_logits_changes_nothing():
    logits, labels = torch.randn(5, 3, dtype=torch.double), torch.tensor([0, 1, 2, 0, 1])
    loss = SoftmaxCrossEntropy(3)
    shifted = loss(logits + torch.randn(5, 1, dtype=torch.double), labels)
    assert loss(logits, labels).item() == pytest.approx(shifted.item(), abs=1e-12)


def test_a_label_that_is_no_class_is_refused():
    with pytest.raises(UsageError, match="labels: 3 is none of the 3"):
        SoftmaxCrossEntropy(3)(torch.zeros(2, 3), torch.tensor([0, 3]))
    with pytest.raises(UsageError, match="any, 3"):
        SoftmaxCrossEntropy(3)(torch.zeros(2, 4), torch.tensor([0, 1]))
    assert SoftmaxCrossEntropy(3)(torch.zeros(0, 3), torch.zeros(0, dtype=torch.long)) == 0


@pytest.mark.parametrize(
    ("objective", "settings"),
    [
        (BinaryCrossEntropy, {"positive_weight": 0}),
        (BinaryCrossEntropy, {"smoothing": 1}),
        (SoftmaxCrossEntropy, {"classes": 1}),
        (SoftmaxCrossEntropy, {"classes": 3, "weights": (1, 2)}),
    ],
    ids=str,
)
def test_settings_out_of_range_are_refused(objective, settings):
    with pytest.raises(UsageError, match=list(settings)[-1]):
        objective(**settings)
