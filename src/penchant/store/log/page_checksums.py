"""Checksums in every page of an SQLite file: SQLite's own ``cksumvfs``, which comes with apsw.

Eight bytes at the end of each page, written with it and compared whenever it is read, in C.
https://sqlite.org/cksumvfs.html
"""

from __future__ import annotations

from penchant.core import MissingDependency

VFS = "cksmvfs"
RESERVED = 8
"""Bytes at the end of a page that hold its checksum."""


def load_checksums() -> None:
    """Make the checksums available to this process, once.

    Raises:
        MissingDependency: this apsw comes without SQLite's extensions.
    """
    import apsw
    import apsw.sqlite_extra

    if VFS in apsw.vfs_names():
        return
    if not apsw.sqlite_extra.has("cksumvfs"):
        raise MissingDependency(
            "This apsw was built without SQLite's extensions, of which the event log needs "
            "cksumvfs. Run: pip install --force-reinstall --only-binary apsw 'apsw>=3.51.3'"
        )
    with apsw.Connection(":memory:") as connection:
        apsw.sqlite_extra.load(connection, "cksumvfs")
    connection.close()


REMEDY = "Nothing was changed. Put the last backup in its place with: penchant restore"
"""What to do about a damaged log."""
