"""Learning on from new events without forgetting the old: replay and the elastic penalty.

Distillation from the model that serves, the third way, is an objective: ``penchant.tune.Distillation``.
Importing this room imports no torch.
"""

from typing import TYPE_CHECKING

from penchant._lazy import lazily

if TYPE_CHECKING:
    from .elastic import ElasticPenalty, diagonal_fisher, with_terms
    from .mixing import mixed_lessons, targets
    from .replay import Replay, Reservoir, replay_of

_FILE = {
    "ElasticPenalty": "elastic",
    "Replay": "replay",
    "Reservoir": "replay",
    "diagonal_fisher": "elastic",
    "mixed_lessons": "mixing",
    "replay_of": "replay",
    "targets": "mixing",
    "with_terms": "elastic",
}

__all__ = [
    "ElasticPenalty",
    "Replay",
    "Reservoir",
    "diagonal_fisher",
    "mixed_lessons",
    "replay_of",
    "targets",
    "with_terms",
]


__getattr__, __dir__ = lazily(__name__, _FILE)
