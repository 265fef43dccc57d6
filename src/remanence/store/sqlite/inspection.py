"""A look at a database file that changes nothing in it: neither its schema nor its log."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path
from typing import Any

import apsw

from remanence.store.sqlite.cipher import Cipher, Key, can_encrypt, check_build, salt_of
from remanence.store.sqlite.database import APPLICATION_ID, LEAST_SQLITE
from remanence.store.sqlite.faults import translated
from remanence.store.sqlite.statements import migrations

__all__ = ["Inspection", "holders", "inspect"]


@dataclasses.dataclass(frozen=True, slots=True)
class Inspection:
    """What a database file is like.

    Attributes:
        ours: Whether Remanence wrote it.
        empty: Whether nothing was ever written to it.
        schema: The version of its schema; 0 for an empty file.
        newest_schema: The version that this Remanence writes.
        sqlite: The version of SQLite in use.
        can_encrypt: Whether that build of it can encrypt.
        encrypted: Whether the file can't be read without a key.
        sqlite_is_old: Whether that version can't be trusted with a shared log.
        locked: Whether another process kept it locked for writing all through ``patience``.
        holders: The ids of the other processes that have it open, as far as the system tells.
        writable: Whether the file and its folder can be written.
        damage: What SQLite finds wrong with the file, at most a few lines; empty if nothing.
        file_bytes: The size of the file.
        log_bytes: The size of its write-ahead log.
        free_bytes: The space that is left where it is.
        unfinished: How many erasures were asked for and are not carried out whole.
    """

    ours: bool
    empty: bool
    schema: int
    newest_schema: int
    sqlite: str
    can_encrypt: bool
    encrypted: bool
    sqlite_is_old: bool
    locked: bool
    holders: tuple[int, ...]
    writable: bool
    damage: tuple[str, ...]
    file_bytes: int
    log_bytes: int
    free_bytes: int
    unfinished: int = 0


def inspect(
    path: Path, *, key: Key | None = None, patience: float = 2.0, thorough: bool = False
) -> Inspection:
    """Look at a database file.

    Args:
        path: The file.
        key: What it is encrypted with; ``None`` if it is not.
        patience: Seconds to wait for whoever is writing.
        thorough: Whether to compare indexes with their tables as well, which takes long in a
            large file.

    Raises:
        NotADatabaseError: It is no SQLite database, or can't be read as one.
        StoreError: It can't be opened.
    """
    cipher = None if key is None else Cipher(key)
    if cipher is not None:
        check_build(path)
    with translated(path):
        connection: Any = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.set_busy_timeout(round(1000 * patience))
        with translated(path, connection):
            if cipher is not None:
                cipher.unlock(connection, path, salt_of(connection))
            owner, schema = (connection.pragma(name) for name in ("application_id", "user_version"))
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            check = "integrity_check(5)" if thorough else "quick_check(5)"
            found = [row[0] for row in connection.execute(f"PRAGMA {check}")]
            unfinished = _unfinished(connection)
        locked = _is_locked(connection)
    finally:
        connection.close()
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    return Inspection(
        ours=owner == APPLICATION_ID,
        empty=not (tables or schema),
        schema=schema,
        newest_schema=migrations()[-1].version,
        sqlite=apsw.sqlite_lib_version(),
        can_encrypt=can_encrypt(),
        encrypted=cipher is not None,
        sqlite_is_old=version < LEAST_SQLITE,
        locked=locked,
        holders=holders(path),
        writable=all(os.access(place, os.W_OK) for place in (path, path.parent)),
        damage=tuple(found) if found != ["ok"] else (),
        file_bytes=path.stat().st_size,
        log_bytes=_size(Path(f"{path}-wal")),
        free_bytes=shutil.disk_usage(path.parent).free,
        unfinished=unfinished,
    )


def _unfinished(connection: Any) -> int:
    """Count erasures of this file and orders to services, in a file that knows of them."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    counts = {
        "erasures": "SELECT count(*) FROM erasures WHERE rows_gone < 2",
        "orders": "SELECT count(*) FROM orders",
    }
    return sum(
        connection.execute(sql).fetchone()[0] for name, sql in counts.items() if name in tables
    )


def _is_locked(connection: Any) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except (apsw.BusyError, apsw.LockedError):
        return True
    except apsw.ReadOnlyError:  # reported as such
        return False
    connection.execute("ROLLBACK")
    return False


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def holders(path: Path) -> tuple[int, ...]:
    """Return the other processes that have a file open; none where the system doesn't say."""
    wanted = path.resolve()
    found: set[int] = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if link.readlink() == wanted:
                found.add(int(link.parts[2]))
        except OSError:  # it ended meanwhile, or is somebody else's
            continue
    return tuple(sorted(found - {os.getpid()}))
