"""SQLite's errors, told as what is wrong and what to do."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Generator
from pathlib import Path

import apsw

from remanence.errors import (
    NotADatabaseError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreReadOnlyError,
)

__all__ = ["translated"]

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def translated(path: Path, connection: apsw.Connection | None = None) -> Generator[None]:
    """Turn errors of SQLite into store errors that name ``path`` and the fix.

    Args:
        path: The database file.
        connection: The connection in use, asked for the operating system's reason.
    """
    try:
        yield
    except apsw.Error as error:
        reason = connection.system_errno if connection is not None else 0
        raise _told(path, error, reason) from error


def _told(path: Path, error: apsw.Error, reason: int) -> StoreError:
    if isinstance(error, apsw.FullError) or (
        isinstance(error, apsw.IOError) and reason in _NO_SPACE
    ):
        return StoreFullError(
            f"no space is left for {path}; nothing was kept of this write: free some space and "
            "repeat it"
        )
    match error:
        case apsw.BusyError() | apsw.LockedError():
            return StoreBusyError(
                f"{path} is locked by another process for too long; find what holds it open in a "
                "transaction, then try again"
            )
        case apsw.NotADBError() | apsw.CorruptError():
            return NotADatabaseError(
                f"{path} is not a Remanence database, or it is damaged or encrypted ({error}); "
                "open it with its key, name another file, or restore a backup"
            )
        case apsw.ReadOnlyError() | apsw.PermissionsError() | apsw.AuthError():
            return StoreReadOnlyError(
                f"{path} can't be written; make the file and its folder writable, or name a file "
                "elsewhere"
            )
        case apsw.CantOpenError():
            return StoreReadOnlyError(
                f"{path} can't be opened or created; check that its folder exists, can be written "
                "and that there is no folder of that name"
            )
        case _:
            return StoreError(f"{path}: {error}")
