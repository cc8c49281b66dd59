"""Training that was killed goes on as if nothing had been."""

import importlib.util
import json
import logging
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from penchant.core import BundleError, UsageError

SCRIPT = Path(__file__).with_name("small_training.py")


@pytest.fixture(scope="module")
def learn():
    spec = importlib.util.spec_from_file_location("small_training", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.learn


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def without_time(history):
    return {name: getattr(history, name) for name in history.__slots__ if name != "seconds"}


def checkpoints(folder):
    return sorted((folder / "1-squares" / "checkpoints").iterdir())


def killed(folder, at, **given):
    """A process that trains and is killed with SIGKILL in the middle of a step."""
    call = [sys.executable, SCRIPT, folder, json.dumps(given), str(at)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("at", "given"),
    [
        (13, {"schedule": "cosine", "average": "EMA"}),
        (18, {"accumulate": 2, "average": "BestK", "optimiser": "sgd", "every_steps": 2}),
    ],
)
def test_a_killed_training_ends_with_the_weights_of_one_that_ran_through(
    learn, tmp_path, at, given
):
    weights, history, calls = learn(**given)
    killed(tmp_path, at, **given)
    assert checkpoints(tmp_path)  # from the middle of an epoch of five batches
    resumed, later, again = learn(tmp_path, **given)
    assert 0 < again < calls
    assert same(weights, resumed)
    assert without_time(later) == without_time(history)


class Stopped(Exception):
    pass


@pytest.mark.parametrize("steps", [1, 5, 9])
@pytest.mark.parametrize(
    "given", [{}, {"adversarial": "FGM"}, {"average": "LastK", "optimiser": "sgd"}], ids=str
)
def test_wherever_it_stops_it_goes_on_the_same(learn, tmp_path, monkeypatch, steps, given):
    from penchant.tune import keeper

    weights, history, _ = learn(**given)
    write = keeper.write_checkpoint

    def write_and_stop(folder, step, *rest):
        write(folder, step, *rest)
        if step == steps:
            raise Stopped

    monkeypatch.setattr(keeper, "write_checkpoint", write_and_stop)
    with pytest.raises(Stopped):
        learn(tmp_path, every_steps=1, **given)
    monkeypatch.undo()
    resumed, later, _ = learn(tmp_path, **given)
    assert same(weights, resumed)
    assert without_time(later) == without_time(history)


def test_keeping_checkpoints_changes_nothing(learn, tmp_path):
    weights, history, _ = learn()
    kept, beside, _ = learn(tmp_path, every_steps=1)
    assert same(weights, kept)
    assert without_time(beside) == without_time(history)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-000000019", "step-000000020"]


def test_a_training_that_was_done_is_not_done_again(learn, tmp_path):
    weights, history, calls = learn(tmp_path)
    assert calls == 20
    again, same_history, none = learn(tmp_path)
    assert none == 0
    assert same(weights, again)
    assert same_history == history


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(learn, tmp_path, caplog):
    weights, _, _ = learn(tmp_path)
    _, newest = checkpoints(tmp_path)
    (newest / "network.safetensors").write_bytes(b"cut short")
    with caplog.at_level(logging.WARNING):
        resumed, _, calls = learn(tmp_path)
    assert 0 < calls < 20
    assert "Going back to the checkpoint before it" in caplog.text
    assert same(weights, resumed)


def test_where_all_are_damaged_it_says_what_to_do(learn, tmp_path):
    learn(tmp_path)
    for path in checkpoints(tmp_path):
        (path / "facts.json").unlink()
    with pytest.raises(BundleError, match=r"all checkpoints .* Remove that folder to begin again"):
        learn(tmp_path)


def test_checkpoints_of_another_training_are_refused(learn, tmp_path):
    learn(tmp_path, about={"data": "films"})
    with pytest.raises(UsageError, match=r"of another training: settings was .*0.02"):
        learn(tmp_path, about={"data": "films"}, learning_rate=0.03)
    with pytest.raises(
        UsageError, match=r'about was \{"data": "films"\}, now it is \{"data": "boo'
    ):
        learn(tmp_path, about={"data": "books"})


def test_no_clock_no_checkpoint_but_the_last(learn, tmp_path):
    learn(tmp_path, every_steps=None)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-000000020"]


def test_the_folder_holds_the_curves_too(learn, tmp_path):
    from penchant.tune import read_curves

    _, history, _ = learn(tmp_path)
    assert read_curves(tmp_path / "1-squares" / "curves.json") == history
    assert (tmp_path / "1-squares" / "curves.svg").read_text("utf-8").startswith("<?xml")


def test_a_training_that_was_done_answers_at_once_as_after_it_was_trained(tmp_path):
    import numpy as np

    from penchant.tune import Lessons, LoopConfig, run_folder, train

    def trained():
        network = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Dropout(0.5))
        figures = iter(np.array([0.25, 0.5], np.float32))  # NumPy's numbers, as metrics give them
        with run_folder(tmp_path):
            history = train(
                network,
                Lessons(lambda: range(3), 3),
                lambda _: (network(torch.ones(4, 1)).square().mean(), 1),
                LoopConfig(2, 2, 0.1),
                lambda: next(figures),
            )
        return network, history

    (first, history), (again, read) = trained(), trained()
    assert read.validations == history.validations == [0.25, 0.5]
    assert not first[1].training
    assert not again[1].training
    assert torch.equal(first(torch.ones(2, 1)), again(torch.ones(2, 1)))


def test_what_a_checkpoint_cannot_hold_is_an_error_and_no_text(tmp_path):
    from penchant.tune.checkpoint import Checkpoint, write_checkpoint

    with pytest.raises(TypeError, match="not JSON serializable"):
        write_checkpoint(tmp_path, 1, Checkpoint({}, {"state": object()}, {}), keep=1)
