"""Learning from a few labelled examples: liked, disliked, a candidate, yes or no.

Importing this imports no torch and no transformers: a name brings its file when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

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


def __getattr__(name: str) -> object:
    """Look a name up in its file, once."""
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_FILES[name]}", __name__), name)
    globals()[name] = value
    return value
