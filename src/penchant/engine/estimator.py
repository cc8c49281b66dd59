"""A model class with its settings, ready to be fitted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

from penchant import models
from penchant.core import DataError, Problem, UsageError, checked_seed
from penchant.models import ModelClass

from .recommender import Recommender

if TYPE_CHECKING:
    from penchant.data import Dataset

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Estimator:
    """A recipe for a recommender; fitting it changes nothing in it.

    Attributes:
        model_class: one of ``penchant.models.ALL``, or any class that keeps their Protocol.
        config: an instance of ``model_class.Config``.
    """

    model_class: type[ModelClass]
    config: Any

    @property
    def name(self) -> str:
        """The name of the model, such as ``"ease"``."""
        return self.model_class.name

    def fit(
        self,
        train: Dataset,
        seed: int = 0,
        resume: str | Path | None = None,
        trackers: Sequence[str] = (),
    ) -> Recommender:
        """Learn from training events.

        Args:
            train: events and catalogue.
            seed: the same seed, settings and data give the same recommender.
            resume: a folder in which training keeps checkpoints and curves; where it holds those of
                a run that was killed, that run goes on, to the weights it would have had.
            trackers: where curves are sent, of ``"tensorboard"``, ``"wandb"``, ``"mlflow"``; needs
                ``resume``, the folder they lie in.

        Raises:
            DataError: there is nothing to learn from.
            TrainingFailed: the loss became something else than a number.
            UsageError: the seed is no whole number from 0 to 2**32 - 1, the folder is of another
                run, or trackers without a folder.
        """
        seed = checked_seed(seed)
        if not len(train.interactions):
            what = "there are no training events"
            remedy = "Read more events, or relax the feedback rule, the k-core or the split."
            raise DataError([Problem(train.name or "events", None, what, remedy)])
        with _kept(self, train, seed, resume, trackers):
            model = self.model_class.fit(self.config, train, seed)
        return Recommender(model, train.catalogue, train.interactions)


def _kept(
    estimator: Estimator,
    train: Dataset,
    seed: int,
    folder: str | Path | None,
    trackers: Sequence[str],
) -> AbstractContextManager[object]:
    """A block whose trainings keep checkpoints in a folder that only this run may use."""
    if folder is None:
        if trackers:
            raise UsageError("trackers: name the folder that curves are kept in too (resume=...).")
        return nullcontext()
    from penchant.tune import run_folder  # light, and only where something is kept

    about = {
        "model": estimator.name,
        "settings": models.settings_of(estimator.config),
        "seed": seed,
        "data": train.digest,
    }
    return run_folder(folder, trackers=tuple(trackers), about=about)


def refitted(
    recommender: Recommender, train: Dataset, seed: int = 0, resume: str | Path | None = None
) -> Recommender:
    """A model of the same class and settings, fitted on other events; arguments as of ``fit``.

    Args:
        recommender: stays as it is.
        train: events and catalogue.
        seed: of the fit.
        resume: a folder for checkpoints.

    Raises:
        DataError: there is nothing to learn from.
        TrainingFailed: the loss became something else than a number.
    """
    known = models.by_name(recommender.name)
    return Estimator(known, recommender.config).fit(train, seed, resume)


def configured(model_class: type[ModelClass], **settings: Any) -> Estimator:
    """An estimator from settings by name, as they come from a file or the command line.

    Raises:
        UsageError: an unknown setting (with the near name), or a value of the wrong type or range.
    """
    return Estimator(model_class, models.configure(model_class.Config, settings))


def by_name(name: str, **settings: Any) -> Estimator:
    """An estimator from the name of a model.

    Args:
        name: such as ``"text-sequence"``.
        **settings: fields of the model's config.

    Raises:
        UsageError: an unknown model or setting (with the near name).

    >>> by_name("ease", l2=100).config
    EaseConfig(l2=100.0)
    """
    return configured(models.by_name(name), **settings)


def factory(model_class: type[ModelClass], config: Callable[P, Any]) -> Callable[P, Estimator]:
    """A function with the arguments of a config class that makes an estimator.

    Args:
        model_class: the class to fit.
        config: its config class, given again so that editors and type checkers know its fields.
    """

    def make(*args: P.args, **kwargs: P.kwargs) -> Estimator:
        if args:
            raise UsageError(f"{name} takes its settings by name, such as {example}.")
        return configured(model_class, **kwargs)

    name = model_class.__name__
    fields = list(getattr(config, "__dataclass_fields__", ()))
    example = f"{name}({fields[0]}=...)" if fields else f"{name}()"
    make.__name__ = make.__qualname__ = name
    make.__doc__ = (
        f"An estimator of ``{model_class.name}``. Settings: {', '.join(fields) or 'none'}."
    )
    return make
