"""Language models: find one, turn texts into vectors, or ask it how likely words are.

Vectors are kept in a cache on disk.

Which language a model reads is decided by its tokenizer. The packaged ``all-MiniLM-L6-v2`` is for
English: of Chinese it knows 244 characters, and every other is the same unknown token to it. For
Chinese take ``BAAI/bge-small-zh-v1.5`` (24 million parameters), for many languages at once
``sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2`` (118 million); both are downloaded
once by name, or named as a folder. An encoder that meets mostly unknown tokens says so.

Importing this room imports neither torch nor transformers; ``load_encoder`` does.
"""

from typing import TYPE_CHECKING

from penchant._lazy import lazily

from .batches import batches_by_length
from .cache import VectorCache, cache_folder
from .encode import encode_texts, kept_vectors
from .load import load_backbone, load_encoder, load_language_model
from .recipe import POOLINGS
from .resolve import DEFAULT_DECODER, DEFAULT_MODEL, find_model
from .truncation import ITEM_ORDER, PROMPT_ORDER, fit_parts, token_counter

if TYPE_CHECKING:
    from .backbone import Backbone
    from .encoder import TransformerEncoder
    from .language_model import LanguageModel
    from .layers import LayerCache
    from .packed import PackedReader, TokenLists
    from .shared_prefix import learned_choices, shared_choices

__all__ = [
    "DEFAULT_DECODER",
    "DEFAULT_MODEL",
    "ITEM_ORDER",
    "POOLINGS",
    "PROMPT_ORDER",
    "Backbone",
    "LanguageModel",
    "LayerCache",
    "PackedReader",
    "TokenLists",
    "TransformerEncoder",
    "VectorCache",
    "batches_by_length",
    "cache_folder",
    "encode_texts",
    "find_model",
    "fit_parts",
    "kept_vectors",
    "learned_choices",
    "load_backbone",
    "load_encoder",
    "load_language_model",
    "shared_choices",
    "token_counter",
]

_NEEDS_TORCH = {
    "Backbone": "backbone",
    "LanguageModel": "language_model",
    "LayerCache": "layers",
    "PackedReader": "packed",
    "TokenLists": "packed",
    "TransformerEncoder": "encoder",
    "learned_choices": "shared_prefix",
    "shared_choices": "shared_prefix",
}
"""Name -> file of this room that holds it and imports torch."""


__getattr__, __dir__ = lazily(__name__, _NEEDS_TORCH)
