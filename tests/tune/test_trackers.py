"""Curves reach TensorBoard, W&B and MLflow, offline."""

import importlib.util

import pytest
import torch
from torch import nn

from penchant.core import MissingDependency, UsageError
from penchant.tune import Lessons, LoopConfig, run_folder, train


def learn(folder, *trackers):
    torch.manual_seed(0)
    net = nn.Linear(1, 1)

    def loss_of(_):
        return (net.weight - 3).square().sum(), 1

    config = LoopConfig(2, 2, 0.1, groups=(("weight", 0.5),))
    with run_folder(folder, trackers=trackers, about={"model": "line"}):
        lessons = Lessons(lambda: range(20), 20)
        return train(net, lessons, loss_of, config, lambda: net.weight.item(), "a line")


def needs(*modules):
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"without {', '.join(missing)}")


@needs("tensorboard", "accelerate")
def test_tensorboard_is_told_of_steps_and_epochs(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    history = learn(tmp_path, "tensorboard")
    found = EventAccumulator(str(tmp_path / "1-a-line" / "tensorboard"))
    found.Reload()
    told = {tag: [(e.step, e.value) for e in found.Scalars(tag)] for tag in found.Tags()["scalars"]}
    assert told.keys() == {"loss", "learning rate", "gradient norm", "epoch loss", "validation"}
    assert [step for step, _ in told["loss"]] == [10, 20, 30, 40]
    assert told["loss"][0][1] == pytest.approx(history.step_losses[9], rel=1e-6)
    assert [value for _, value in told["validation"]] == pytest.approx(
        history.validations, rel=1e-6
    )


@needs("wandb", "accelerate")
@pytest.mark.slow
def test_wandb_works_offline(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    learn(tmp_path, "wandb")
    (run,) = (tmp_path / "1-a-line" / "wandb").glob("offline-run-*")
    assert list(run.glob("run-*.wandb"))


@needs("mlflow", "sqlalchemy", "alembic", "accelerate")
@pytest.mark.slow
# MLflow's own tables use what SQLAlchemy 2.1 deprecates
@pytest.mark.filterwarnings(
    "ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning"
)
def test_mlflow_writes_to_a_file_in_the_run_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    import mlflow

    history = learn(tmp_path, "mlflow")
    store = mlflow.MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    (experiment,) = store.search_experiments(filter_string="name = 'penchant'")
    (run,) = store.search_runs([experiment.experiment_id])
    assert run.info.run_name == "1-a-line"
    assert run.data.params["learning_rate"] == "0.1"
    assert run.data.metrics["validation"] == pytest.approx(history.validations[-1])


def test_a_tracker_that_is_not_installed_is_told_with_its_line(tmp_path, monkeypatch):
    from penchant.tune import trackers

    monkeypatch.setattr(trackers.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match="needs accelerate: pip install accelerate"):
        learn(tmp_path, "tensorboard")


def test_a_tracker_nobody_knows_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"no tracker is called 'comet'; there are tensorboard"):
        learn(tmp_path, "comet")
