"""Language models: find one, read how it pools, and turn texts into vectors, with a cache on disk.

Which language a model reads is decided by its tokenizer. The packaged ``all-MiniLM-L6-v2`` is for
English: of Chinese it knows 244 characters, and every other is the same unknown token to it. For
Chinese take ``BAAI/bge-small-zh-v1.5`` (24 million parameters), for many languages at once
``sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2`` (118 million); both are downloaded
once by name, or named as a folder. An encoder that meets mostly unknown tokens says so.

Importing this room imports neither torch nor transformers; ``load_encoder`` does.
"""

from .cache import VectorCache, cache_folder
from .encode import encode_texts
from .load import load_backbone, load_encoder
from .resolve import DEFAULT_MODEL, find_model

__all__ = [
    "DEFAULT_MODEL",
    "VectorCache",
    "cache_folder",
    "encode_texts",
    "find_model",
    "load_backbone",
    "load_encoder",
]
