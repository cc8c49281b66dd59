"""Language models: find one, read how it pools, and turn texts into vectors, with a cache on disk.

Importing this room imports neither torch nor transformers; ``load_encoder`` does.
"""

from .cache import VectorCache, cache_folder
from .encode import encode_texts
from .load import load_encoder
from .resolve import DEFAULT_MODEL, find_model

__all__ = [
    "DEFAULT_MODEL",
    "VectorCache",
    "cache_folder",
    "encode_texts",
    "find_model",
    "load_encoder",
]
