"""Data: read events and catalogues, check them, split them, say what they look like."""

from .candidates import read_candidates
from .catalogues import read_items
from .dataset import Dataset, validation_split
from .describe import Description
from .extend import ARRIVED, Extended, extended
from .formats import (
    demo_folder,
    load_format,
    open_folder,
    read_amazon,
    read_demo,
    read_lastfm,
    read_mind,
    read_movielens,
)
from .newest import questions_at
from .put import put_items
from .read import read
from .requests import RequestFile, read_requests
from .spread import Spread

__all__ = [
    "ARRIVED",
    "Dataset",
    "Description",
    "Extended",
    "RequestFile",
    "Spread",
    "demo_folder",
    "extended",
    "load_format",
    "open_folder",
    "put_items",
    "questions_at",
    "read",
    "read_amazon",
    "read_candidates",
    "read_demo",
    "read_items",
    "read_lastfm",
    "read_mind",
    "read_movielens",
    "read_requests",
    "validation_split",
]
