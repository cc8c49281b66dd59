"""A few-shot model: ask it, ask it what to label next, save it, load it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from penchant.core import UsageError

from .active import BY, By, k_centre, most_uncertain
from .example import Example
from .features import Features
from .ground import Scorer
from .head import sigmoid

if TYPE_CHECKING:
    from .choose import FewShotConfig

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WayScore:
    """How a way did in cross-validation.

    Attributes:
        way: its name.
        auc: over all examples, each scored by what had not seen its fold.
        log_loss: mean, nats.
        seconds: to fit it and to cross-validate it.
    """

    way: str
    auc: float
    log_loss: float
    seconds: float


@dataclass(frozen=True)
class FewShotModel:
    """What :func:`few_shot` made.

    Attributes:
        chosen: the way that was kept; ``"share"`` where no way beat the rule without a model.
        scores: the cross-validated table, a row a way.
        scorer: the way, fitted on all examples.
        features: of history and candidate.
        known: features of the labelled examples over ``scale``, (examples, features).
        scale: about a standard deviation of each feature, (features,).
        config: of the training.
        seconds: that it took in all.
    """

    chosen: str
    scores: tuple[WayScore, ...]
    scorer: Scorer
    features: Features
    known: Array
    scale: Array
    config: FewShotConfig
    seconds: float

    def predict(self, examples: Sequence[Example]) -> Array:
        """The probability of a like, (examples,); labels are not read."""
        if not len(examples):
            return np.zeros(0)
        return sigmoid(self.scorer.logits(examples))

    def next_to_label(self, pool: Sequence[Example], n: int, by: By = "margin") -> tuple[int, ...]:
        """Positions in the pool of the ``n`` examples whose labels would teach most, best first.

        ``margin`` and ``entropy`` take what the model is least sure of (of two labels they agree);
        ``coreset`` what lies farthest from everything labelled, whatever the model says.

        Raises:
            UsageError: ``n`` is below 1, or there is no such rule.
        """
        if by not in BY or n < 1:
            raise UsageError(
                f"next_to_label: n={n}, by={by!r}; n from 1, by one of {', '.join(BY)}."
            )
        if not len(pool):
            return ()
        if by == "coreset":
            found = k_centre(self.features(pool) / self.scale, self.known, n)
        else:
            found = most_uncertain(self.predict(pool), n, by)
        return tuple(found.tolist())

    def save(self, path: str | Path) -> None:
        """Write a bundle (safetensors, JSON, a manifest; no code) that :meth:`load` brings back.

        Raises:
            UsageError: something else is at ``path``.
            BundleError: the disk refused.
        """
        from .saving import save

        save(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Bring back what :meth:`save` wrote, every byte checked.

        Raises:
            BundleError: damaged, newer, or of another kind; or the language model changed since.
            ModelNotFound: the language model it stands on is not here.
        """
        from .saving import load

        return load(cls, path)
