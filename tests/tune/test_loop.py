import pytest
import torch
from torch import nn

from penchant.core import TrainingFailed, watching
from penchant.tune import Lessons, LoopConfig, train


@pytest.fixture
def line():
    torch.manual_seed(0)
    return nn.Linear(1, 1)


def lesson(network):
    x = torch.linspace(-1, 1, 16)[:, None]
    return lambda _: (((network(x) - (3 * x + 1)) ** 2).mean(), len(x))


def config(**given):
    return LoopConfig(
        **{"epochs": 60, "patience": 60, "learning_rate": 0.2, "warmup_steps": 1} | given
    )


def test_training_lowers_the_loss(line):
    history = train(line, Lessons(lambda: range(4), 16), lesson(line), config())
    assert history.losses[-1] < 0.01 * history.losses[0]
    assert line.weight.item() == pytest.approx(3, abs=0.1)
    assert history.best_epoch == 60


def test_the_best_weights_come_back_and_patience_ends_the_run(line):
    figures = iter([0.1, 0.5, 0.4, 0.3, 0.2, 0.9])
    seen = []

    def validate():
        seen.append(line.weight.item())
        return next(figures)

    history = train(line, Lessons(lambda: range(2), 16), lesson(line), config(patience=2), validate)
    assert history.best_epoch == 2
    assert len(history.losses) == 5
    assert line.weight.item() == seen[1] != seen[-1]


def test_a_loss_that_is_not_a_number_stops_with_advice(line):
    with pytest.raises(TrainingFailed, match=r"loss became nan in epoch 1, step 1.*Try a tenth"):
        train(
            line,
            Lessons(lambda: range(2), 16),
            lambda _: (line.weight.sum() * float("nan"), 1),
            config(),
        )


def test_only_matrices_decay(line):
    before = line.bias.item()
    train(
        line,
        Lessons(lambda: range(50), 1),
        lambda _: (line.weight.sum() * 0 + line.bias.sum() * 0, 1),
        config(epochs=1, weight_decay=0.5),
    )
    assert line.bias.item() == before
    assert abs(line.weight.item()) < 0.1


def test_whoever_watches_hears_every_validation_and_may_end_the_training(line):
    figures = iter([0.1, 0.5, 0.4])
    heard = []

    def hear(figure):
        heard.append(figure)
        if figure > 0.4:
            raise KeyboardInterrupt

    with watching(hear), pytest.raises(KeyboardInterrupt):
        train(line, Lessons(lambda: range(2), 16), lesson(line), config(), lambda: next(figures))
    assert heard == [0.1, 0.5]


def test_the_progress_bar_tells_loss_and_validation(line, monkeypatch):
    from penchant.tune import loop

    told = []

    class Bar:
        n = 0

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def update(self, n):
            self.n += n

        def set_description_str(self, words, refresh):
            told.append(words)

        def set_postfix_str(self, words, refresh):
            told.append(words)

    shown = Bar()
    totals = []
    monkeypatch.setattr(loop, "bar", lambda total, *_, **__: totals.append(total) or shown)
    lessons = Lessons(lambda: range(2), 32)
    history = train(line, lessons, lesson(line), config(epochs=2), lambda: 0.25, "a line")
    assert shown.n == totals[0] == 64
    assert told[0] == "a line, epoch 1 of 2"
    assert told[1] == f"loss {history.step_losses[0]:.3f}"
    assert told[-1] == f"loss {history.losses[1]:.3f}, validation 0.2500, best 0.2500"
