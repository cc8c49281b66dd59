"""What a fitted model does with new events: it learns on from them, or is fitted again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from penchant.core import Model, UsageError

from .popularity import SECONDS_A_DAY
from .update_config import UpdateConfig

if TYPE_CHECKING:
    from penchant.data import Dataset

    from .base import ModelClass


@runtime_checkable
class Updatable(Protocol):
    """A fitted model that can learn on from new events by gradients."""

    def updated(
        self, config: UpdateConfig, data: Dataset, new: NDArray[np.bool_], seed: int = 0
    ) -> Self:
        """A new model that has learned from new events too; this one stays as it is.

        Args:
            config: the settings of the update.
            data: all events, old and new; its catalogue begins with the items that the model knows.
            new: which events are new, (events,).
            seed: the same seed, settings, model and data give the same model.

        Raises:
            TrainingFailed: a loss or a vector is not a number.
        """
        ...


def updated_model(
    model: Model, config: UpdateConfig, data: Dataset, new: NDArray[np.bool_], seed: int = 0
) -> Model:
    """A model that has learned from new events too; the given one stays as it is.

    A model without gradients of its own (and one whose training is more than its next items) is
    fitted again with its settings: on all events, or on those of the last ``config.window_days``.

    Args:
        model: a fitted one.
        config: the settings of the update.
        data: all events, old and new; its catalogue begins with the items that the model knows.
        new: which events are new, (events,).
        seed: the same seed, settings, model and data give the same model.

    Raises:
        UsageError: ``new`` is no flag an event, or a window where events have no times.
        TrainingFailed: a loss or a vector is not a number.
    """
    events = data.interactions.events
    if new.shape != events.item.shape or new.dtype != np.bool_:
        raise UsageError(
            f"new: one flag (bool) for each of the {len(events.item):,} events, got {new.dtype} "
            f"{new.shape}."
        )
    if isinstance(model, Updatable):
        return model.updated(config, data, new, seed)
    model_class: type[ModelClass] = type(model)  # type: ignore[assignment]  # models are fitted by their class
    return model_class.fit(model.config, _window(data, config.window_days), seed)


def _window(data: Dataset, days: float | None) -> Dataset:
    if days is None:
        return data
    events = data.interactions.events
    if not data.interactions.timed:
        raise UsageError("window_days: these events have an order but no times. Leave it out.")
    newest = float(events.time.max(initial=-np.inf))
    kept = events.where(events.time > newest - days * SECONDS_A_DAY)
    return replace(data, interactions=data.interactions.with_events(kept))
