import numpy as np
import pytest
import torch
from scipy.special import softmax
from scipy.stats import entropy

from penchant.core import UsageError
from penchant.tune import Distillation, EmbeddingDistillation


@pytest.fixture
def logits():
    return torch.randn(5, 4, dtype=torch.double), torch.randn(5, 4, dtype=torch.double)


def test_distillation_is_the_softened_divergence_times_the_square(logits):
    student, teacher = (softmax(part.numpy() / 3, axis=1) for part in logits)
    expected = 9 * entropy(teacher, student, axis=1).mean()
    assert Distillation(3)(*logits).item() == pytest.approx(expected, abs=1e-12)


def test_a_student_that_agrees_costs_nothing_and_shifts_do_not_matter(logits):
    student, teacher = logits
    loss = Distillation()
    assert loss(teacher + 7, teacher).item() == pytest.approx(0, abs=1e-12)
    moved = loss(student, teacher + torch.randn(5, 1, dtype=torch.double))
    assert moved.item() == pytest.approx(loss(student, teacher).item(), abs=1e-12)


def test_the_teacher_gets_no_gradient(logits):
    student, teacher = (part.requires_grad_() for part in logits)
    Distillation()(student, teacher).backward()
    assert student.grad.abs().sum() > 0
    assert teacher.grad is None


def test_candidates_that_are_not_there_do_not_count(logits):
    student, teacher = logits
    mask = torch.tensor([[True, True, True, False]] * 5)
    expected = Distillation()(student[:, :3], teacher[:, :3]).item()
    assert Distillation()(student, teacher, mask).item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("temperature", [0.05, 1.0])
def test_candidates_that_are_not_there_do_not_count_at_any_temperature(logits, temperature):
    student, teacher = (part.float().requires_grad_() for part in logits)
    mask = torch.tensor([[True, True, True, False]] * 5)
    loss = Distillation(temperature)
    found = loss(student, teacher, mask)
    torch.testing.assert_close(found, loss(student[:, :3], teacher[:, :3]))
    found.backward()
    assert bool(student.grad.isfinite().all())


def test_at_a_high_temperature_it_becomes_half_the_squared_error_of_centred_logits(logits):
    # Hinton et al. 2015, equation 4
    student, teacher = (part.numpy() - part.numpy().mean(axis=1, keepdims=True) for part in logits)
    expected = ((student - teacher) ** 2).sum(axis=1).mean() / (2 * 4)
    assert Distillation(1e3)(*logits).item() == pytest.approx(expected, rel=1e-2)


@pytest.mark.parametrize("distance", ["squared", "cosine"])
def test_vectors_by_hand(distance):
    student, teacher = np.random.default_rng(0).normal(size=(2, 6, 3))
    cosine = (
        (student * teacher).sum(1)
        / np.linalg.norm(student, axis=1)
        / np.linalg.norm(teacher, axis=1)
    )
    expected = {"squared": ((student - teacher) ** 2).mean(), "cosine": (1 - cosine).mean()}
    loss = EmbeddingDistillation(3, 3, distance)
    assert not list(loss.parameters())
    found = loss(torch.tensor(student), torch.tensor(teacher)).item()
    assert found == pytest.approx(expected[distance], abs=1e-12)


def test_a_teacher_of_another_width_is_reached_through_a_learned_projection():
    student = torch.randn(40, 3)
    teacher = student @ torch.randn(3, 5)
    loss = EmbeddingDistillation(3, 5)
    optimiser = torch.optim.LBFGS(loss.parameters(), max_iter=100)

    def closure():
        optimiser.zero_grad()
        value = loss(student, teacher)
        value.backward()
        return value

    optimiser.step(closure)
    assert closure().item() < 1e-4


def test_distillation_refuses_what_does_not_fit(logits):
    with pytest.raises(UsageError, match="one shape"):
        Distillation()(logits[0], logits[1][:, :3])
    with pytest.raises(UsageError, match="temperature"):
        Distillation(0)
    with pytest.raises(UsageError, match="teacher"):
        EmbeddingDistillation(3, 5)(torch.zeros(2, 3), torch.zeros(2, 4))
    with pytest.raises(UsageError, match="distance"):
        EmbeddingDistillation(3, 5, "dot")
    assert Distillation()(torch.zeros(0, 3), torch.zeros(0, 3)).item() == 0
