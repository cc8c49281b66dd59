"""Original formats of public data sets, one file each, and how a folder is recognised."""

from .amazon import read_amazon
from .demo import demo_folder, read_demo
from .folder import FORMATS, load_format, open_folder
from .lastfm import read_lastfm
from .mind import read_mind
from .movielens import read_movielens

__all__ = [
    "FORMATS",
    "demo_folder",
    "load_format",
    "open_folder",
    "read_amazon",
    "read_demo",
    "read_lastfm",
    "read_mind",
    "read_movielens",
]
