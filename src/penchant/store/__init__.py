"""Durable things: files that are whole or absent, bundles that are what was written."""

from .atomic import atomic_file, atomic_write
from .bundle import FORMAT, Bundle, read_bundle, write_bundle

__all__ = ["FORMAT", "Bundle", "atomic_file", "atomic_write", "read_bundle", "write_bundle"]
