"""One model under test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.core import PenchantError, Requests
from penchant.data import Dataset
from penchant.engine import Estimator, Recommender
from penchant.models import ModelClass

from .tiny import tiny_dataset, tiny_requests


@dataclass(frozen=True)
class Case:
    """A model class with the settings it is tested with.

    Attributes:
        model_class: the class.
        config: its settings, small ones where it trains; the defaults if None.
    """

    model_class: type[ModelClass]
    config: Any = None

    @property
    def settings(self) -> Any:
        """The config that is fitted."""
        return self.model_class.Config() if self.config is None else self.config

    @property
    def fitted(self) -> Recommender:
        """Fitted on ``tiny_dataset()`` with seed 0, once for all checks."""
        return _fitted(self.model_class, self.settings)

    def fit(self, data: Dataset, seed: int = 0) -> Recommender:
        """Fitted on other data."""
        return Estimator(self.model_class, self.settings).fit(data, seed)

    def requests(self, data: Dataset | None = None) -> Requests:
        """Requests that the model must be able to answer."""
        return tiny_requests(data or tiny_dataset(), self.model_class.abilities.new_users)

    def scores(self, recommender: Recommender | None = None) -> NDArray[np.float32]:
        """The scores of those requests, (rows, items)."""
        return (recommender or self.fitted).model.score(self.requests())


@lru_cache(maxsize=32)
def _fitted(model_class: type[ModelClass], config: Any) -> Recommender:
    return Estimator(model_class, config).fit(tiny_dataset())


def expect(holds: bool | np.bool_, what: str) -> None:
    """Fail a check.

    Raises:
        AssertionError: it does not hold; the message says what should.
    """
    if not holds:
        raise AssertionError(what)


@contextmanager
def refused(error: type[PenchantError], what: str) -> Iterator[None]:
    """Expect an error of penchant's tree inside this block.

    Raises:
        AssertionError: nothing was raised.
    """
    try:
        yield
    except error as raised:
        expect(len(str(raised)) > 20, f"{what}: the message must say what to do, got {raised!s}")
        return
    raise AssertionError(f"{what} must raise {error.__name__}")


def valid(scores: NDArray[np.float32], rows: int, items: int) -> None:
    """Expect usable scores.

    Raises:
        AssertionError: another shape or type, a NaN, or plus infinity.
    """
    expect(scores.shape == (rows, items), f"scores are {scores.shape}, not {(rows, items)}")
    expect(scores.dtype == np.float32, f"scores are {scores.dtype}, not float32")
    expect(not np.isnan(scores).any(), "a score is NaN")
    expect(not np.isposinf(scores).any(), "a score is plus infinity")


Check = Callable[[Case], None]
