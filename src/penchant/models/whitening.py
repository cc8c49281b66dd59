"""Text vectors spread evenly over all directions, before anything is learned from them.

Vectors of a language model crowd into a narrow cone: what two items share drowns what tells them
apart. Centred and whitened, the same vectors train faster and end higher (L. Zhang et al., "Are ID
Embeddings Necessary? Whitening Pre-trained Text Embeddings for Effective Sequential
Recommendation", ICDE 2024).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RIDGE = 0.1
"""Share of the mean variance added to every direction, so that noise is not blown up."""


Centred = tuple[NDArray[np.float32], NDArray[np.float32]]
"""A centre (dim,) and a matrix (dim, dim)."""


def whitening(vectors: NDArray[np.float32], strength: float = 1.0) -> Centred:
    """The centre and the matrix that whiten vectors like these.

    ``(x - centre) @ matrix`` has nearly the same variance in every direction, and a mean squared
    length of about 1.

    Args:
        vectors: (items, dim).
        strength: 1 for whitening, 0 for centring alone.

    Returns:
        centre (dim,) and matrix (dim, dim).
    """
    centre = vectors.mean(axis=0, dtype=np.float64)
    centred = vectors.astype(np.float64) - centre
    variance, axes = np.linalg.eigh(centred.T @ centred / max(1, len(vectors)))
    total = max(float(variance.sum()), 1e-12)
    damped = np.maximum(variance, 0.0) / total + RIDGE / len(variance)
    matrix = (axes * damped ** (-strength / 2)) @ axes.T
    length = np.sqrt(max(float(((centred @ matrix) ** 2).sum(axis=1).mean()), 1e-12))
    return centre.astype(np.float32), (matrix / length).astype(np.float32)
