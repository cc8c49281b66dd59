"""RecTools' SASRecModel, timed or trained to a target. Runs in RecTools' own environment."""

from __future__ import annotations

from importlib.metadata import version

import pandas as pd
from pytorch_lightning import Callback, LightningModule, Trainer, seed_everything
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel
from steps import Parent, Steps

EPOCHS = 10_000  # the clock stops the training


class Clock(Callback):
    """Tells the steps to the clock, and stops where it says so."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps

    def __deepcopy__(self, memo: dict) -> Clock:
        """RecTools copies its trainer before it fits; there is one clock."""
        return self

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        """The first step begins."""
        self.steps.start()

    def on_train_batch_end(self, trainer: Trainer, module: LightningModule, *batch: object) -> None:
        """A step has ended."""
        trainer.should_stop = not self.steps.end()
        module.train()  # judging put it in evaluation mode


def main() -> None:
    parent = Parent()
    seed_everything(parent.job["seed"])
    events = pd.read_csv(parent.job["train"], dtype={"user_id": str, "item_id": str})
    events["datetime"] = pd.to_datetime(events.pop("position"), unit="s")
    dataset = Dataset.construct(events.assign(weight=1.0))

    def lists() -> dict[str, list[str]]:
        model.is_fitted = True  # RecTools recommends only after fit; this is in the middle of it
        found = model.recommend(parent.job["asked"], dataset, k=10, filter_viewed=True)
        return {
            user: one[Columns.Item].tolist()
            for user, one in found.sort_values(Columns.Rank).groupby(Columns.User)
        }

    steps = Steps(parent, lists)

    def trainer() -> Trainer:
        """RecTools' own trainer, with the clock."""
        return Trainer(
            max_epochs=EPOCHS,
            enable_progress_bar=False,
            enable_model_summary=False,
            logger=False,
            enable_checkpointing=False,
            devices=1,
            callbacks=[Clock(steps)],
        )

    model = SASRecModel(**parent.job["settings"], get_trainer_func=trainer)
    model.fit(dataset)
    loader = model.data_preparator.get_dataloader_train()
    steps.report(len(loader), {name: version(name) for name in ("rectools", "torch", "numpy")})


main()
