"""One connection to the file: how it is opened, set up and migrated."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, cast

import apsw
import numpy as np
import numpy.typing as npt

from remanence.errors import (
    InputError,
    NotADatabaseError,
    SchemaTooNewError,
    StoreError,
    StoreKeyError,
    StoreReadOnlyError,
)
from remanence.store.relational.database import Row
from remanence.store.sqlite.cipher import Cipher, can_encrypt, check_build, salt_of
from remanence.store.sqlite.faults import translated
from remanence.store.sqlite.statements import migrations, statements

__all__ = ["Database"]

_log = logging.getLogger(__name__)

APPLICATION_ID = 0x524D4E43
"""Marks the file as ours: "RMNC"."""

_LOCK_POLL_SECONDS = 0.002

_FLOAT = np.dtype("<f4")

LEAST_SQLITE = (3, 51, 3)
"""Older ones can damage a write-ahead log that several connections share."""


class Database:
    """A connection that runs the named statements; for one thread at a time.

    Args:
        path: The file.
        busy_timeout: Seconds to wait for another process before giving up.
        writable: Whether this connection creates, migrates and writes the file.
        cipher: What the file is encrypted with, if it is.

    Attributes:
        path: The file.
        encrypted: Whether it can't be read without a key.
        connection: The connection to it.
        log_frames: How many pages the write-ahead log held after this connection's last commit.
    """

    def __init__(
        self, path: Path, *, busy_timeout: float, writable: bool, cipher: Cipher | None = None
    ) -> None:
        """Open the file and check that it is one of ours."""
        self.path = path
        self.encrypted = cipher is not None
        self._sql = statements()
        self._busy_timeout = busy_timeout
        self._patience = busy_timeout
        self._waiting_since = 0.0
        self.log_frames = 0
        if cipher is not None:
            check_build(path)
        if writable:
            _check_place(path)
        self._was_empty = False
        try:
            self._open(writable, cipher)
        except (NotADatabaseError, StoreKeyError):
            # Another process has begun the file meanwhile, with another salt for the key.
            if not self._was_empty:
                raise
            self._open(writable, cipher)

    def _open(self, writable: bool, cipher: Cipher | None) -> None:
        with translated(self.path):
            # A reader needs the writing flag as well: the log's index is shared memory.
            flags = apsw.SQLITE_OPEN_READWRITE
            self.connection = apsw.Connection(str(self.path), flags=flags)
        try:
            with translated(self.path, self.connection):
                self.connection.set_busy_handler(self._wait)
                if cipher is not None:
                    salt = salt_of(self.connection)
                    self._was_empty = salt is None
                    cipher.unlock(self.connection, self.path, salt)
                self._set_up(writable)
        except BaseException:
            self.connection.close()
            raise

    def _set_up(self, writable: bool) -> None:
        self._pragma("temp_store", 2)  # what SQLite sorts is in no file that we don't know
        if not writable:
            self._pragma("query_only", True)
            return
        with self.snapshot():
            self._check_ownership()
        if self._keep_a_log() != "wal":
            raise StoreError(
                f"{self.path} can't keep a write-ahead log; use a local file system, not a "
                "network folder"
            )
        self._pragma("synchronous", "full")
        self._pragma("secure_delete", True)
        self.connection.set_wal_hook(self._count_frames)  # in place of automatic checkpoints
        self._migrate()

    def _keep_a_log(self) -> str:
        """Switch to a write-ahead log, which SQLite refuses at once while another process does."""
        deadline = time.monotonic() + self._busy_timeout
        while True:
            try:
                return self._pragma("journal_mode", "wal")
            except apsw.BusyError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_LOCK_POLL_SECONDS)

    def _check_ownership(self) -> None:
        owner = self._pragma("application_id")
        version = self._pragma("user_version")
        tables = self._execute("SELECT count(*) FROM sqlite_schema")[0][0]
        if owner != APPLICATION_ID and (tables or version):
            raise NotADatabaseError(
                f"{self.path} is an SQLite database of another program; name another file"
            )
        newest = migrations()[-1].version
        if version > newest:
            raise SchemaTooNewError(
                f"{self.path} has schema version {version}, this Remanence knows up to {newest}; "
                "upgrade the package: pip install --upgrade remanence"
            )

    def _migrate(self) -> None:
        newest = migrations()[-1].version
        if self._pragma("user_version") == newest:
            return
        with self.transaction():
            self._check_ownership()  # again, now that nobody else can migrate
            version = self._pragma("user_version")
            for migration in migrations():
                if migration.version > version:
                    self._execute(migration.sql)
            self._pragma("application_id", APPLICATION_ID)
            self._pragma("user_version", newest)

    @property
    def schema(self) -> int:
        """The version of the file's schema."""
        return migrations()[-1].version

    def translated(self) -> AbstractContextManager[None]:
        """Turn SQLite's errors in a block into errors of ours."""
        return translated(self.path, self.connection)

    # A file keeps no tenants apart, and has one writer at a time: every statement names its user.

    def enter(self, user_id: str) -> None:
        """Turn to one user."""

    def hold(self, user_id: str) -> None:
        """Turn to one user."""

    def across(self) -> None:
        """Turn to all users."""

    def oversee(self) -> None:
        """Turn to all users, for an operator."""

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """Run a block as one transaction that may write: all of it or nothing."""
        self._execute("BEGIN IMMEDIATE")
        try:
            yield
            self._execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    @contextlib.contextmanager
    def savepoint(self) -> Generator[None]:
        """Run a block inside a transaction so that it can fail alone."""
        self._execute("SAVEPOINT request")
        try:
            yield
        except BaseException:
            if self.connection.in_transaction:
                self._execute("ROLLBACK TO request")
                self._execute("RELEASE request")
            raise
        self._execute("RELEASE request")

    @contextlib.contextmanager
    def snapshot(self) -> Generator[None]:
        """Run several reads as of one moment."""
        self._execute("BEGIN")
        try:
            yield
        finally:
            self._roll_back()

    def _roll_back(self) -> None:
        # SQLite may have rolled back by itself, as it does on a full disk.
        if self.connection.in_transaction:
            self._execute("ROLLBACK")

    def _execute(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        # The buffer type among apsw's parameters has no name before Python 3.12.
        cursor = self.connection.execute(sql, parameters)  # pyright: ignore[reportUnknownMemberType]
        return cast("list[Row]", cursor.fetchall())  # pyright: ignore[reportUnknownMemberType]

    def _pragma(self, name: str, *value: bool | int | str) -> Any:
        return self.connection.pragma(name, *value)  # pyright: ignore[reportUnknownMemberType] - as above

    def rows(self, name: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Run a statement and return its rows."""
        return self._execute(self._sql[name], parameters)

    def row(self, name: str, parameters: Mapping[str, Any]) -> Row | None:
        """Run a statement and return its first row, or ``None``."""
        found = self.rows(name, parameters)
        return found[0] if found else None

    def one(self, name: str, parameters: Mapping[str, Any]) -> Row:
        """Run a statement that always has exactly one row and return it."""
        (found,) = self.rows(name, parameters)
        return found

    def run(self, name: str, parameters: Mapping[str, Any]) -> None:
        """Run a statement for its effect."""
        self._execute(self._sql[name], parameters)

    def run_many(self, name: str, parameters: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement once for each set of parameters."""
        for each in parameters:
            self._execute(self._sql[name], each)

    def _count_frames(self, _connection: apsw.Connection, _name: str, frames: int) -> int:
        self.log_frames = frames
        return apsw.SQLITE_OK

    def checkpoint(self) -> bool:
        """Write the log into the file, so that the log can begin anew without growing.

        Returns:
            Whether all of it was written; ``False`` if a reader still needs some of it.
        """
        try:
            total, done = self.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.BusyError:  # another process is at it
            return False
        except apsw.Error as error:  # a full disk: everything stays in the log until there is room
            _log.warning("%s: the write-ahead log could not be written back: %s", self.path, error)
            return False
        return total == done

    def truncate_log(self, patience: float = 0.1) -> bool:
        """Write the log into the file and empty it.

        Args:
            patience: Seconds to wait for readers who need the log.

        Returns:
            Whether it is empty; ``False`` if a reader is in the way or the disk is full.
        """
        self._patience = patience
        try:
            self.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.BusyError:
            return False
        except apsw.Error as error:
            _log.warning("%s: the write-ahead log could not be emptied: %s", self.path, error)
            return False
        finally:
            self._patience = self._busy_timeout
        if self.log_bytes():
            return False
        self.log_frames = 0
        return True

    def log_bytes(self) -> int:
        """Return the size of the write-ahead log."""
        try:
            # Of a link, the log is beside what it names.
            return Path(f"{self.path.resolve()}-wal").stat().st_size
        except OSError:  # there is none, or nobody may look
            return 0

    def packed(self, vectors: npt.NDArray[np.float32]) -> bytes:
        """Return vectors as bytes, end to end."""
        return np.ascontiguousarray(vectors, _FLOAT).tobytes()

    def unpacked(self, kept: bytes, count: int) -> npt.NDArray[np.float32]:
        """Return the vectors of bytes."""
        return np.frombuffer(kept, _FLOAT).reshape(count, -1)

    def stored_bytes(self) -> int:
        """Return the size of the file and its log."""
        try:
            return self.path.stat().st_size + self.log_bytes()
        except FileNotFoundError:
            return 0

    @property
    def pages(self) -> int:
        """How many pages the file has."""
        return self._pragma("page_count")

    @property
    def page_size(self) -> int:
        """The bytes of a page."""
        return self._pragma("page_size")

    def rebuild(self) -> None:
        """Write the whole file anew, without free space; outside of a transaction."""
        self._execute("VACUUM")

    def forget_pages(self) -> None:
        """Let go of the pages that were read, so that they are read anew."""
        self._execute("PRAGMA shrink_memory")

    def _wait(self, attempt: int) -> bool:
        """Wait for whoever holds a lock; return ``False`` when that took too long.

        SQLite's own waiting doubles up to a tenth of a second, which starves a process among others
        that take the lock often and briefly.
        """
        now = time.monotonic()
        if attempt == 0:
            self._waiting_since = now
        if now - self._waiting_since >= self._patience:
            return False
        time.sleep(_LOCK_POLL_SECONDS)
        return True

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def _check_place(path: Path) -> None:
    """Refuse a place where no database can be, and create an empty file only its owner can read."""
    found = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if found < LEAST_SQLITE:
        raise StoreError(
            f"SQLite {apsw.sqlite_lib_version()} is too old to be trusted with a shared log; "
            f"upgrade it: pip install --upgrade {'apsw-sqlite3mc' if can_encrypt() else 'apsw'}"
        )
    try:
        _check_folder(path)
        # One that is there is not opened: closing it would take this process's locks on it away.
        with contextlib.suppress(FileExistsError):
            flags = os.O_CREAT | os.O_EXCL | os.O_RDWR
            os.close(os.open(path.resolve(), flags, 0o600))
        if not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise StoreReadOnlyError(
            f"{path} can't be created or opened ({error.strerror}); make it and its folder "
            "writable, or name a file elsewhere"
        ) from error


def _check_folder(path: Path) -> None:
    folder = path.parent
    if not folder.is_dir():
        raise InputError("path", f"its folder {folder} does not exist", "create the folder first")
    if path.is_dir():
        raise InputError("path", f"{path} is a folder", "name a file in it")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StoreReadOnlyError(
            f"the folder {folder} can't be written, and the store keeps its log there; make it "
            "writable, or name a file elsewhere"
        )
