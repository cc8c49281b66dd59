"""Learning from a few labelled examples: liked, disliked, a candidate, yes or no.

Importing this imports no torch and no transformers: a name brings its file when it is first used.
"""

from typing import TYPE_CHECKING

from penchant._lazy import lazily

from .example import Batch, Example, labels_of
from .reading import read_examples

if TYPE_CHECKING:
    from .choose import WAYS, FewShotConfig, few_shot
    from .contrastive import ContrastiveConfig
    from .model import FewShotModel, WayScore
    from .prompt import PromptConfig

__all__ = [
    "WAYS",
    "Batch",
    "ContrastiveConfig",
    "Example",
    "FewShotConfig",
    "FewShotModel",
    "PromptConfig",
    "WayScore",
    "few_shot",
    "labels_of",
    "read_examples",
]

_FILES = {
    "WAYS": "choose",
    "ContrastiveConfig": "contrastive",
    "FewShotConfig": "choose",
    "FewShotModel": "model",
    "PromptConfig": "prompt",
    "WayScore": "model",
    "few_shot": "choose",
}


__getattr__, __dir__ = lazily(__name__, _FILES)
