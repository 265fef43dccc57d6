"""How a file gets another key, or its first one, or none any more.

It is written anew beside itself, checked, and put in its own place in one step: whatever happens in
between, one whole file is there. Meanwhile nobody else can have it open. What it was is overwritten
then, as far as the disk writes where it is told to.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw

from remanence.errors import InputError, NotADatabaseError, StoreBusyError, StoreError
from remanence.store.sqlite.cipher import PLAIN, Cipher, Key, check_build, salt_of
from remanence.store.sqlite.database import APPLICATION_ID
from remanence.store.sqlite.faults import translated
from remanence.store.sqlite.inspection import holders

__all__ = ["rekey"]

_PATIENCE_MILLISECONDS = 2_000
_WRITTEN_AT_ONCE = 1 << 20


def rekey(path: Path, *, key: Key | None, new_key: Key | None) -> None:
    """Encrypt a file, encrypt it with another key, or decrypt it.

    Args:
        path: The file. It may not be open anywhere, also not in this process, and there has to be
            room for another one of its size beside it.
        key: What it is encrypted with; ``None`` if it is not.
        new_key: What it is to be encrypted with; ``None`` if it is not to be.

    Raises:
        InputError: A key can't be one, or there is none at all.
        CannotEncryptError: The installed build of SQLite can't encrypt.
        StoreKeyError: ``key`` does not open the file.
        StoreBusyError: The file is open somewhere.
        StoreError: It can't be done; the file is as it was, unless the error says otherwise.
    """
    if key is None and new_key is None:
        raise InputError("new_key", "is missing", "give a key to encrypt the file with")
    before, after = (None if each is None else Cipher(each) for each in (key, new_key))
    check_build(path)
    path = path.resolve()  # a link to it stays one
    beside = path.with_name(f"{path.name}-rekeyed")
    connection = _opened(path)
    try:
        with translated(path, connection), _reported(path):
            if before is not None:
                before.unlock(connection, path, salt_of(connection))
            _check(connection, path)
            _shut_out_others(connection, path)
            try:
                _write(connection, path, beside, after)
                _replace(path, beside)
            except BaseException:
                with contextlib.suppress(OSError):  # what is wrong is told already
                    _remove(beside)
                raise
    finally:
        connection.close()


def _opened(path: Path) -> Any:
    with translated(path):
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_URI
        connection = apsw.Connection(str(path), flags=flags)
    connection.set_busy_timeout(_PATIENCE_MILLISECONDS)
    return connection


@contextlib.contextmanager
def _reported(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{path} could not be written anew ({error.strerror}); mend that and try again"
        ) from error


def _check(connection: Any, path: Path) -> None:
    if connection.pragma("application_id") != APPLICATION_ID:
        raise NotADatabaseError(f"{path} is not a Remanence database; name another file")
    if path.stat().st_nlink > 1:
        raise StoreError(
            f"{path} has another name, by a hard link, and what that names would be overwritten; "
            "remove the other name first, or copy the file"
        )


def _shut_out_others(connection: Any, path: Path) -> None:
    """Take the file for this connection alone, and write its log back."""
    try:
        alone = not holders(path) and connection.pragma("journal_mode", "delete") == "delete"
        if alone:
            connection.pragma("locking_mode", "exclusive")
            connection.execute("BEGIN EXCLUSIVE; COMMIT")  # the lock stays
    except apsw.BusyError:
        alone = False
    if not alone:
        others = ", ".join(map(str, holders(path)))
        raise StoreBusyError(
            f"{path} is open elsewhere{f' (in process {others})' if others else ''}; close it "
            "there, and try again"
        )


def _write(connection: Any, path: Path, beside: Path, cipher: Cipher | None) -> None:
    """Write the file anew under another name, and read that back."""
    _remove(beside)  # an earlier attempt was ended in the middle
    mode = path.stat().st_mode & 0o777
    os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    if cipher is None:
        name, beginning = f"file:{quote(str(beside))}?key=", PLAIN
    else:
        name, beginning = cipher.location(beside)
    _copy(connection, name)
    beside.chmod(mode)
    with beside.open("rb") as file:
        # A build of SQLite that does not understand the name would not encrypt, and not say so.
        if file.read(len(beginning)) != beginning:
            raise StoreError(f"{path} could not be written anew: it is not encrypted as it should")
        os.fsync(file.fileno())
    if _contents(connection) != _contents_of(beside, cipher):
        raise StoreError(f"{path} could not be written anew: not all of it was found there")


def _remove(beside: Path) -> None:
    for suffix in ("", "-journal"):
        beside.with_name(f"{beside.name}{suffix}").unlink(missing_ok=True)


def _copy(connection: Any, name: str) -> None:
    failure: type[apsw.Error] | None = None
    try:
        connection.execute("VACUUM INTO ?", (name,), can_cache=False)
    except apsw.Error as error:
        failure = type(error)
    if failure is not None:  # its message may hold the name, and that holds the key
        raise failure("the new file could not be written")


def _contents_of(path: Path, cipher: Cipher | None) -> list[Any]:
    connection = _opened(path)
    try:
        if cipher is not None:
            cipher.unlock(connection, path, salt_of(connection))
        found = connection.execute("PRAGMA integrity_check(1)").get
        return _contents(connection) if found == "ok" else []
    finally:
        connection.close()


def _contents(connection: Any) -> list[Any]:
    """Return what two files with the same memories have in common."""
    schema = connection.execute(
        "SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2"
    ).fetchall()
    tables = [name for kind, name, _ in schema if kind == "table"]
    counts = [connection.execute(f'SELECT count(*) FROM "{name}"').get for name in tables]  # noqa: S608 - the schema's names
    return [schema, counts, connection.pragma("user_version"), connection.pragma("application_id")]


def _replace(path: Path, beside: Path) -> None:
    """Put the new file in the old one's place, and overwrite the old one.

    Who waited for the lock meanwhile has the old one open: it finds nothing there that it knows,
    and fails, where it would write otherwise into a file that has no name any more.
    """
    old = os.open(path, os.O_RDWR)
    try:
        beside.replace(path)
        _flush_folder(path.parent)
        remaining = os.fstat(old).st_size
        while remaining > 0:
            remaining -= os.write(old, bytes(min(remaining, _WRITTEN_AT_ONCE)))
        os.fsync(old)
    finally:
        os.close(old)  # the lock goes with it


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
