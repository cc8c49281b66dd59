"""The seams between rooms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


@runtime_checkable
class Factored(Protocol):
    """A fitted model whose score is the inner product of a user's vector and an item's.

    ``model.score(requests) == user_vectors(requests) @ item_vectors().T`` to float32 rounding. A row
    of zeros says that nothing is known: an item whose vector is zeros has the lowest score of each
    row; a request whose vector is zeros has no product, and ``score`` says what then (popularity
    for somebody without a history; words, where they are matched in another space).
    """

    def item_vectors(self) -> NDArray[np.float32]:
        """The vectors of all items (items, dim), made once; nobody writes into them."""
        ...

    def user_vectors(self, requests: Requests) -> NDArray[np.float32]:
        """One vector a request (rows, dim), zeros where it has none.

        Raises:
            Unsupported: the request needs an ability that the model lacks.
        """
        ...


@runtime_checkable
class Textual(Protocol):
    """A fitted model that keeps a vector of each item's text, and can read more."""

    def text_vectors(self) -> NDArray[np.float32]:
        """Unit vectors of the items' texts (items, text dim), zeros for blanks; not to be written."""
        ...

    def read(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of texts (texts, text dim), zeros for blanks.

        Raises:
            ModelNotFound: the language model cannot be found, or is another one than in training.
        """
        ...

    def with_texts(self, items: NDArray[np.integer], texts: Sequence[str]) -> Self:
        """The same model with other texts of some items, (n,) codes; the model itself stays.

        Raises:
            ModelNotFound: the language model cannot be found, or is another one than in training.
        """
        ...


class Encoder(Protocol):
    """A language model that turns texts into vectors."""

    dim: int
    digest: str

    def encode(self, texts: tuple[str, ...]) -> NDArray[np.float32]:
        """Vectors (texts, dim)."""
        ...
