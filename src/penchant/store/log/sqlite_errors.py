"""What goes wrong in SQLite, in the words of a log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from penchant.core import DamagedLog, LogError

from .page_checksums import REMEDY

_DAMAGE = (apsw.CorruptError, apsw.NotADBError, apsw.ConstraintError, apsw.FormatError)
_WRONG_BYTES = (apsw.SQLITE_IOERR_DATA, apsw.SQLITE_IOERR_CORRUPTFS)
_UNKNOWN = "The write may or may not have happened: send it again."


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Errors of SQLite in the block as errors of a log.

    Args:
        path: the file, for the message.

    Raises:
        DamagedLog: the file is not what was written.
        LogError: the disk is full or refuses, somebody else writes for too long.
    """
    try:
        yield
    except _DAMAGE as error:
        raise DamagedLog(f"{path} is damaged: {error}. {REMEDY}") from error
    except apsw.FullError as error:
        raise LogError(f"The disk under {path} is full. Make room. {_UNKNOWN}") from error
    except (apsw.BusyError, apsw.LockedError) as error:
        raise LogError(
            f"{path} is read or written by somebody else for too long. Stop them. {_UNKNOWN}"
        ) from error
    except apsw.IOError as error:
        if getattr(error, "extendedresult", 0) in _WRONG_BYTES:
            raise DamagedLog(f"{path} is damaged: a checksum is wrong. {REMEDY}") from error
        raise LogError(f"The disk under {path} refuses: {error}. {_UNKNOWN}") from error
    except OSError as error:
        raise LogError(f"The disk under {path} refuses: {error}. {_UNKNOWN}") from error
    except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError) as error:
        raise LogError(f"{path} cannot be opened and written: {error}. See who owns it.") from error
