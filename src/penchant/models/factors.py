"""What the matrix factorisations share: running ``implicit`` quietly and the same way each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penchant.core import Interactions, bar

from .matrix import row_matrix, warm_items

if TYPE_CHECKING:
    from collections.abc import Callable

    from scipy.sparse import csr_array


def warm_matrix(
    interactions: Interactions,
) -> tuple[csr_array, NDArray[np.intp], NDArray[np.int32]]:
    """The weights of users and items that have events.

    Returns:
        the matrix (known, warm), the user code of each row, and the item code of each column.
    """
    warm = warm_items(interactions)
    known = np.flatnonzero(interactions.events.lengths)
    x = row_matrix(interactions.events, len(interactions.items))
    return x[known][:, warm], known, warm


def over_catalogue(
    y: NDArray[np.float32], warm: NDArray[np.int32], items: int
) -> NDArray[np.float32]:
    """Vectors of the whole catalogue (items, f) from those of its warm items; zeros elsewhere."""
    vectors = np.zeros((items, y.shape[1]), np.float32)
    vectors[warm] = y
    return vectors


def factorise(
    build: Callable[[], Any], x: csr_array, what: str, iterations: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Train a factorisation of ``implicit`` under our own progress bar.

    Args:
        build: makes the model, its BLAS being held to one thread (``implicit`` runs threads of its
            own, and warns where the two would fight); its library must be imported already, as
            only a BLAS that is loaded can be held.
        x: (users, items) weights, no empty row or column.
        what: the text on the bar.
        iterations: how many the model was set to.

    Returns:
        the user factors (users, f) and the item factors (items, f).
    """
    from scipy.sparse import csr_matrix
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # ships no types

    with threadpool_limits(1, "blas"), bar(iterations, what, "iteration") as shown:
        model = build()
        model.fit(csr_matrix(x), show_progress=False, callback=lambda *_: shown.update())
    return model.user_factors, model.item_factors
