"""The training loop: epochs of steps, validation, early stopping with the best weights restored."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

from torch import Tensor, nn

from penchant.core import bar, quiet, report

from .averaging import Averaging
from .devices import devices
from .folder import RunFolder, current_run_folder
from .history import History, Lessons
from .keeper import Keeper
from .memory import gradient_checkpointing
from .settings import EMA, LoopConfig
from .snapshots import Best, put_back
from .step import Step
from .training import Place, Training

__all__ = ["History", "Lessons", "LoopConfig", "train"]

Batch = TypeVar("Batch")


def train(  # noqa: PLR0913 -- the one call of this room; the last is named
    network: nn.Module,
    lessons: Lessons[Batch],
    loss_of: Callable[[Batch], tuple[Tensor, int]],
    config: LoopConfig,
    validate: Callable[[], float] | None = None,
    what: str = "training",
    *,
    run: RunFolder | None = None,
) -> History:
    """Train a network in place.

    Args:
        network: what is trained; parameters that need no gradient stay as they are.
        lessons: what it is trained on.
        loss_of: mean loss of a batch and how many examples it is the mean of.
        config: rates and limits.
        validate: a figure to maximise after each epoch; the best epoch's weights are restored at
            the end. None trains for all epochs and keeps the last weights.
        what: the words beside the progress bar.
        run: where checkpoints and curves are kept, and an earlier training is gone on with; left
            out: the folder of the :func:`run_folder` block that this stands in, if there is one.

    Raises:
        TrainingFailed: the loss or the gradient is not finite, or the loss explodes.
        UsageError: a setting that this network cannot have, or the run folder is of another training.
        BundleError: the run folder holds damaged checkpoints only, or the disk refused.
    """
    together = devices()
    step = Step(network, loss_of, config, together)
    average = Averaging(network, config.average)
    training = Training(network, lessons, step, average, Best(), History(), Place(), together)
    keeper = Keeper(run or current_run_folder(), what, config)
    with ExitStack() as stack:
        stack.callback(keeper.close)
        keeper.open(training)
        if training.place.done:
            network.eval()  # as at the end of a training that ran
            return training.history
        if together.rank:
            stack.enter_context(quiet())  # one progress bar is enough
        if config.gradient_checkpointing:
            stack.enter_context(gradient_checkpointing(network))
        if step.adversary is not None:
            stack.enter_context(step.adversary.ready())
        _epochs(training, config, validate, keeper, what)
        training.place.done = True
        _keep_the_best(training, config, validate)
        keeper.finish(training)
    return training.history


def _epochs(
    training: Training[Batch],
    config: LoopConfig,
    validate: Callable[[], float] | None,
    keeper: Keeper,
    what: str,
) -> None:
    """Epoch after epoch, until the last one or until patience ends."""
    network, history, best = training.network, training.history, training.best
    total = training.lessons.examples * config.epochs
    with bar(total, what, " events", thousands=True) as shown:
        shown.update(training.place.seen)
        judged, over = "", False
        for epoch in range(training.place.epoch, config.epochs + 1):
            shown.set_description_str(f"{what}, epoch {epoch} of {config.epochs}", refresh=False)
            network.train()
            started = time.perf_counter()
            for batches in training.batches(config.accumulate):
                learned = training.step(batches, epoch, training.place.seen / max(total, 1))
                training.average.after_step(training.step.taken)
                training.note(batches, learned)
                training.place.seconds += time.perf_counter() - started
                shown.set_postfix_str(f"loss {training.loss:.3f}{judged}", refresh=False)
                shown.update(learned.examples)
                keeper.after_step(training)
                started = time.perf_counter()
                if over := _over(training, config.seconds):
                    break
            training.end_epoch()
            network.eval()
            figure = 0.0
            if validate is not None:
                with training.average.swapped_in():
                    figure = _agreed(validate(), training)
                    best.see(figure, epoch, network)
                history.validations.append(figure)
                judged = f", validation {figure:.4f}, best {best.figure:.4f}"
            training.average.after_epoch(epoch, figure)
            shown.set_postfix_str(f"loss {history.losses[-1]:.3f}{judged}", refresh=False)
            keeper.after_epoch(training)
            if validate is not None:
                report(figure)
                if best.stale > config.patience:
                    break
            if over:
                break
            training.next_epoch()


def _over(training: Training[Batch], seconds: float | None) -> bool:
    """Whether the time is up, on any process."""
    if seconds is None:
        return False
    spent = sum(training.history.seconds) + training.place.seconds
    return training.devices.total(float(spent >= seconds))[0] > 0


def _keep_the_best(
    training: Training[Batch], config: LoopConfig, validate: Callable[[], float] | None
) -> None:
    """Give the network the best weights, or the average where that was asked for and is no worse."""
    history, best = training.history, training.best
    history.best_epoch = best.epoch or len(history.losses)
    averaged = training.average.result()
    if averaged is not None and (best.weights is None or not isinstance(config.average, EMA)):
        put_back(training.network, averaged)
        if validate is None:
            return
        history.averaged = _agreed(validate(), training)
        if history.averaged >= best.figure:
            return
    if best.weights is not None:
        put_back(training.network, best.weights)


def _agreed(figure: float, training: Training[Batch]) -> float:
    """The same figure on all processes, so that all of them stop at the same epoch."""
    # a plain number: NumPy's own would not go into a checkpoint
    return float(training.devices.total(float(figure))[0]) / training.devices.count
