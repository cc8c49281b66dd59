"""Indexes: the items whose vectors have the largest inner product with a question's.

``build_index`` compares every item below about 100,000 of them (exact), and walks a graph above
(HNSW, whose recall is measured). Importing this room imports neither faiss nor torch.
"""

from .building import build_index
from .config import IndexConfig
from .exact import ExactIndex
from .hnsw import HNSWIndex
from .holder import IndexHolder
from .pgvector import PGVectorIndex
from .pgvector_building import build_pgvector_index
from .protocols import Index
from .recall import Recall
from .saving import index_files, index_from, load_index, save_index

__all__ = [
    "ExactIndex",
    "HNSWIndex",
    "Index",
    "IndexConfig",
    "IndexHolder",
    "PGVectorIndex",
    "Recall",
    "build_index",
    "build_pgvector_index",
    "index_files",
    "index_from",
    "load_index",
    "save_index",
]
