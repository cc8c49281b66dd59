import numpy as np
import pytest
import torch
from scipy.special import logsumexp

from penchant.tune import NegativeSampler, sampled_softmax, softmax


@pytest.fixture
def problem():
    rng = np.random.default_rng(3)
    return rng.normal(size=(5, 4)), rng.normal(size=(9, 4)), np.array([0, 8, 3, 3, 1])


def test_softmax_is_the_mean_negative_log_likelihood(problem):
    states, items, targets = problem
    logits = states @ items.T
    expected = (logsumexp(logits, axis=1) - logits[np.arange(5), targets]).mean()
    found = softmax(*(torch.tensor(part) for part in problem))
    assert found.item() == pytest.approx(expected, abs=1e-12)


def test_sampled_softmax_lowers_negatives_by_log_q_and_skips_clashes(problem):
    states, items, targets = problem
    sample = np.array([3, 2, 2, 7])
    log_q = np.log([0.5, 1.0, 1.0, 0.25])
    losses = []
    for state, target in zip(states, targets, strict=True):
        own = state @ items[target]
        others = [state @ items[j] - q for j, q in zip(sample, log_q, strict=True) if j != target]
        losses.append(logsumexp([own, *others]) - own)
    found = sampled_softmax(
        torch.tensor(states),
        torch.tensor(items[targets]),
        torch.tensor(items[sample]),
        torch.tensor(log_q),
        torch.tensor(targets[:, None] == sample[None, :]),
    )
    assert found.item() == pytest.approx(np.mean(losses), abs=1e-12)


def test_the_sampler_draws_in_proportion_to_a_power_of_the_counts():
    counts = np.array([0, 1, 4, 16])
    sampler = NegativeSampler(counts, size=40_000, power=0.5)
    drawn, log_q = sampler.draw(np.random.default_rng(0))
    share = np.bincount(drawn, minlength=4) / len(drawn)
    np.testing.assert_allclose(share, [0, 1 / 7, 2 / 7, 4 / 7], atol=0.01)
    np.testing.assert_allclose(np.exp(log_q[drawn == 3]), 40_000 * 4 / 7, rtol=1e-5)


def test_a_large_sample_gives_nearly_the_full_softmax():
    rng = np.random.default_rng(1)
    states = torch.tensor(rng.normal(size=(64, 8)) * 0.5)
    items = torch.tensor(rng.normal(size=(50, 8)) * 0.5)
    targets = torch.tensor(rng.integers(0, 50, 64))
    drawn, log_q = NegativeSampler(rng.integers(1, 20, 50), 50_000).draw(rng)
    sample = torch.tensor(drawn)
    full = softmax(states, items, targets)
    sampled = sampled_softmax(
        states,
        items[targets],
        items[sample],
        torch.tensor(log_q),
        targets[:, None] == sample[None],
    )
    assert sampled.item() == pytest.approx(full.item(), abs=0.02)
