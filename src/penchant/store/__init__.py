"""Durable things: files that are whole or absent, bundles that are what was written."""

from .atomic import atomic_file, atomic_write, sync_folder
from .bundle import FORMAT, Bundle, map_bundle, read_bundle, write_bundle
from .registry import Registry
from .sealed_file import SealedFile
from .standing import Standing, Version
from .streamed import Streamed

__all__ = [
    "FORMAT",
    "Bundle",
    "Registry",
    "SealedFile",
    "Standing",
    "Streamed",
    "Version",
    "atomic_file",
    "atomic_write",
    "map_bundle",
    "read_bundle",
    "sync_folder",
    "write_bundle",
]
