import numpy as np
import pytest
import torch
from scipy.special import log_softmax

from penchant.core import UsageError
from penchant.tune import IGNORED, TokenLikelihood, answer_labels, padded_labels


@pytest.fixture
def answers():
    labels = torch.tensor([[IGNORED, IGNORED, 4, 2, 1], [IGNORED, 3, IGNORED, IGNORED, IGNORED]])
    return torch.randn(2, 5, 6, dtype=torch.double), labels


def by_hand(logits, labels):
    """Of each row, the costs of its answer's tokens."""
    log_p = log_softmax(logits.numpy(), axis=2)
    return [
        [
            -log_p[row, place - 1, token]
            for place, token in enumerate(labels[row].tolist())
            if token >= 0
        ]
        for row in range(len(labels))
    ]


def test_the_likelihood_of_the_answer_by_hand(answers):
    costs = by_hand(*answers)
    found = TokenLikelihood()(*answers).item()
    assert found == pytest.approx(np.mean(costs[0] + costs[1]), abs=1e-6)
    found = TokenLikelihood(average="examples")(*answers).item()
    assert found == pytest.approx(np.mean([np.mean(row) for row in costs]), abs=1e-6)


def test_it_is_the_loss_of_transformers():
    from transformers import GPT2Config, GPT2LMHeadModel

    model = GPT2LMHeadModel(GPT2Config(vocab_size=11, n_embd=8, n_layer=1, n_head=2, n_positions=9))
    ids = torch.randint(0, 11, (3, 7))
    labels = ids.clone()
    labels[:, :3] = IGNORED
    out = model.eval()(input_ids=ids, labels=labels)
    assert TokenLikelihood()(out.logits, labels).item() == pytest.approx(out.loss.item(), abs=1e-6)


def test_the_prompt_teaches_nothing(answers):
    logits, labels = answers
    logits.requires_grad_()
    TokenLikelihood()(logits, labels).backward()
    touched = logits.grad.abs().sum(dim=2) > 0
    assert touched.tolist() == [[False, True, True, True, False], [True, *[False] * 4]]


def test_a_batch_without_an_answer_is_refused(answers):
    with pytest.raises(UsageError, match="cut off"):
        TokenLikelihood()(answers[0], torch.full((2, 5), IGNORED))
    with pytest.raises(UsageError, match="2, 5"):
        TokenLikelihood()(answers[0], torch.zeros(2, 4, dtype=torch.long))
    with pytest.raises(UsageError, match="average"):
        TokenLikelihood(average="words")


def test_a_long_prompt_loses_its_beginning_and_never_its_answer():
    ids, labels = answer_labels([[1, 2, 3, 4], [5]], [[8, 9], [7]], length=4)
    assert ids == [[3, 4, 8, 9], [5, 7]]
    assert labels == [[IGNORED, IGNORED, 8, 9], [IGNORED, 7]]
    assert padded_labels(labels).tolist() == [
        [IGNORED, IGNORED, 8, 9],
        [IGNORED, 7, IGNORED, IGNORED],
    ]
    assert padded_labels([]).numel() == 0
    with pytest.raises(UsageError, match="no room"):
        answer_labels([[1]], [[2, 3]], length=2)
