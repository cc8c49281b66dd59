"""Signals that are told of the same observations, block by block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .alert import Alert
from .config import DriftConfig
from .readers import Reader
from .signal import Moment, Signal


class Group:
    """Readers with their signals: they learn together, and then their references are gathered.

    Args:
        readers: what is read of an observation.
        config: sizes.
        alpha: false alarms of each signal in all time.

    Attributes:
        signals: by name; none before the readers have learned.
    """

    def __init__(self, readers: Sequence[Reader], config: DriftConfig, alpha: float) -> None:
        self._readers, self._config, self._alpha = list(readers), config, alpha
        self._learned = self._gathered = 0
        self._from, self._watches = 0.0, False
        self.signals: dict[str, Signal] = {}

    @property
    def learns(self) -> bool:
        """Whether the bins are not known yet."""
        return not self.signals

    @property
    def missing(self) -> int:
        """Units that are still to be told of before the reference is whole."""
        config = self._config
        learning = max(config.learn - self._learned, 0) if self.learns else 0
        return learning + max(config.reference - self._gathered, 0)

    def tell(self, blocks: Sequence[Sequence[Sequence[Any]]], began: Moment, ends: Moment) -> None:
        """Take in a block.

        Args:
            blocks: for each unit (a user, an item) its observations, for each reader in turn.
            began: seq and time of the first.
            ends: of the last.
        """
        if self.learns:
            self._learn(blocks)
            return
        for reader, units in zip(self._readers, blocks, strict=True):
            self.signals[reader.name].tell(sums(reader, units), len(units), began, ends)
        if not self._watches:
            self._gather(len(blocks[0]), began, ends)

    def _gather(self, units: int, began: Moment, ends: Moment) -> None:
        self._from = began[1] if not self._gathered else self._from
        self._gathered += units
        lasted = ends[1] - self._from >= 86_400.0 * self._config.days
        if lasted and self._gathered >= self._config.reference:
            self._watches = True
            for signal in self.signals.values():
                signal.begin()

    def alerts(self) -> tuple[Alert, ...]:
        """All that are kept, by signal, oldest first."""
        return tuple(alert for signal in self.signals.values() for alert in signal.alerts)

    def to_json(self) -> dict[str, Any]:
        """Everything, to go on exactly."""
        return {
            "learned": self._learned,
            "gathered": [self._gathered, self._from, self._watches],
            "memory": {reader.name: reader.memory for reader in self._readers},
            "signals": {name: signal.to_json() for name, signal in self.signals.items()},
        }

    def restore(self, told: Mapping[str, Any]) -> None:
        """Go on from what ``to_json`` told."""
        self._learned = told["learned"]
        self._gathered, self._from, self._watches = told["gathered"]
        for reader in self._readers:
            reader.memory = told["memory"][reader.name]
        if told["signals"]:
            self._begin()
        for name, signal in self.signals.items():
            signal.restore(told["signals"][name])

    def _learn(self, blocks: Sequence[Sequence[Sequence[Any]]]) -> None:
        for reader, units in zip(self._readers, blocks, strict=True):
            for seen in chain.from_iterable(units):
                reader.learn(seen)
        self._learned += len(blocks[0])
        if self._learned < self._config.learn:
            return
        for reader in self._readers:
            reader.settle()
        self._begin()

    def _begin(self) -> None:
        self.signals = {
            reader.name: Signal(
                reader.name, reader.memory["bins"], self._config, self._alpha, reader.exclusive
            )
            for reader in self._readers
        }


def sums(reader: Reader, units: Sequence[Sequence[Any]]) -> NDArray[np.float64]:
    """The means of what each unit's observations have in each bin, added up, (bins,)."""
    counts = np.zeros(len(reader.memory["bins"]))
    for unit in units:
        for seen in unit:
            for place, share in reader.read(seen):
                counts[place] += share / len(unit)
    return counts
