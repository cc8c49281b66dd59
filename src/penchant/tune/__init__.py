"""Training: batches, objectives, and the loop.

Importing this room imports torch, so rooms above import it inside the functions that train.
"""

from .batches import by_length, windows
from .loop import History, Lessons, LoopConfig, train
from .objectives import NegativeSampler, sampled_softmax, softmax

__all__ = [
    "History",
    "Lessons",
    "LoopConfig",
    "NegativeSampler",
    "by_length",
    "sampled_softmax",
    "softmax",
    "train",
    "windows",
]
