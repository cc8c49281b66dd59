"""The seams between rooms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .catalogue import Catalogue
from .requests import Requests

State = Mapping[str, NDArray[Any]]
"""The learned arrays of a model by name: what a bundle stores."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a model can do without being trained again.

    Attributes:
        new_users: ranks for a history it never saw.
        new_items: ranks an item from its text alone.
        queries: ranks for words.
    """

    new_users: bool
    new_items: bool
    queries: bool


@runtime_checkable
class Model(Protocol):
    """A fitted model: it scores every item of its catalogue for each request of a batch."""

    name: str
    config: Any
    abilities: Abilities

    def score(self, requests: Requests) -> NDArray[np.float32]:
        """Scores (rows, items), higher is better; ``-inf`` where an item must not be recommended.

        Raises:
            Unsupported: the request needs an ability that the model lacks.
        """
        ...

    def state(self) -> State:
        """The learned arrays; with ``config`` and the catalogue enough to restore the model."""
        ...

    def with_catalogue(self, catalogue: Catalogue) -> Self:
        """The same model over a catalogue that begins with the one it knows and has more items.

        Raises:
            Unsupported: the model cannot place an item from its text.
        """
        ...


class Encoder(Protocol):
    """A language model that turns texts into vectors."""

    dim: int
    digest: str

    def encode(self, texts: tuple[str, ...]) -> NDArray[np.float32]:
        """Vectors (texts, dim)."""
        ...
