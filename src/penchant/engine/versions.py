"""A name for exactly what a model learned."""

from __future__ import annotations

import hashlib
import json

import numpy as np

from penchant.models import settings_of

from .recommender import Recommender


def version_of(recommender: Recommender) -> str:
    """The model's name and the beginning of a SHA-256 over its settings and its arrays.

    The same training gives the same version, wherever it is loaded.
    """
    digest = hashlib.sha256(json.dumps(settings_of(recommender.config), default=str).encode())
    for name, array in sorted(recommender.model.state().items()):
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return f"{recommender.name}-{digest.hexdigest()[:12]}"
