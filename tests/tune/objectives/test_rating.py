import numpy as np
import pytest
import torch
from scipy.special import expit, huber
from sklearn.metrics import mean_squared_error

from penchant.core import UsageError
from penchant.tune import SquaredError, TwoTowerRating


def test_squared_error_is_the_mean_squared_error():
    rng = np.random.default_rng(0)
    predicted, values, weight = rng.normal(size=(3, 12))
    weight = weight**2
    parts = [torch.tensor(part) for part in (predicted, values, weight)]
    golden = mean_squared_error(values, predicted, sample_weight=weight)
    assert SquaredError()(*parts).item() == pytest.approx(golden, abs=1e-12)
    golden = np.average(huber(0.5, predicted - values), weights=weight)
    assert SquaredError(huber=0.5)(*parts).item() == pytest.approx(golden, abs=1e-12)


def test_a_column_of_predictions_is_not_broadcast_to_a_matrix():
    with pytest.raises(UsageError, match=r"predicted \(3, 1\), values \(3,\)"):
        SquaredError()(torch.zeros(3, 1), torch.zeros(3))


@pytest.fixture
def towers():
    rng = np.random.default_rng(2)
    h_u, h_i = rng.normal(size=(2, 4, 3))
    return h_u, h_i, np.array([0, 2, -1, 1]), np.array([1, 1, 0, -1]), rng.normal(size=(2, 3))


@pytest.mark.parametrize("scale", [None, (1.0, 5.0)])
def test_the_two_tower_rating_by_hand(towers, scale):
    h_u, h_i, user, item, (b_u, b_i) = towers
    model = TwoTowerRating(3, 3, mean=3.6, scale=scale).double()
    with torch.no_grad():
        model.user_bias.copy_(torch.tensor(b_u))
        model.item_bias.copy_(torch.tensor(b_i))
    total = [
        x @ y + (b_u[u] if u >= 0 else 0) + (b_i[i] if i >= 0 else 0)
        for x, y, u, i in zip(h_u, h_i, user, item, strict=True)
    ]
    total = np.array(total)
    mu = np.log((3.6 - 1) / (5 - 3.6))
    expected = total + 3.6 if scale is None else 1 + 4 * expit(total + mu)
    found = model(*(torch.tensor(part) for part in (h_u, h_i, user, item)))
    assert found.detach().numpy() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("scale", [None, (0.5, 5.0)])
def test_the_first_prediction_is_the_mean(scale):
    model = TwoTowerRating(2, 2, 3.5, scale)
    nothing = torch.zeros(1, 4)
    known, new = torch.tensor([1]), torch.tensor([-1])
    assert model(nothing, nothing, known, new).item() == pytest.approx(3.5, abs=1e-6)
    nobody = TwoTowerRating(0, 0, 3.5, scale)
    assert nobody(nothing, nothing, new, new).item() == pytest.approx(3.5, abs=1e-6)


def test_biases_alone_learn_generous_users_and_good_items():
    user, item = torch.arange(6).repeat_interleave(5), torch.arange(5).repeat(6)
    generous, good = torch.linspace(-1, 1, 6), torch.linspace(-0.5, 0.5, 5)
    values = 3 + generous[user] + good[item]
    model = TwoTowerRating(6, 5, float(values.mean()))
    nothing = torch.zeros(30, 2)
    optimiser = torch.optim.LBFGS(model.parameters(), max_iter=50)

    def closure():
        optimiser.zero_grad()
        loss = SquaredError()(model(nothing, nothing, user, item), values)
        loss.backward()
        return loss

    optimiser.step(closure)
    assert closure().item() < 1e-6
    spread = model.user_bias.detach() - model.user_bias.detach().mean()
    assert spread.numpy() == pytest.approx(generous.numpy(), abs=1e-3)


def test_somebody_new_moves_no_bias():
    model = TwoTowerRating(2, 2, 3.0)
    h = torch.ones(1, 2)
    model(h, h, torch.tensor([-1]), torch.tensor([0])).sum().backward()
    assert model.user_bias.grad.tolist() == [0, 0]
    assert model.item_bias.grad.tolist() == [1, 0]


def test_a_mean_outside_the_scale_and_wrong_shapes_are_refused():
    with pytest.raises(UsageError, match="between the ratings 1 and 5"):
        TwoTowerRating(1, 1, 5.0, (1.0, 5.0))
    with pytest.raises(UsageError, match="users"):
        TwoTowerRating(1, 1, 3.0)(
            torch.zeros(2, 3), torch.zeros(2, 4), torch.zeros(2), torch.zeros(2)
        )
    with pytest.raises(UsageError, match="huber"):
        SquaredError(huber=0)
