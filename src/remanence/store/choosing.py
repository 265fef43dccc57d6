"""The store that a location means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from remanence.errors import InputError, MissingExtraError
from remanence.location import is_server, path_of
from remanence.store.sqlite import SQLiteStore

if TYPE_CHECKING:
    from remanence.store.postgres import PostgresStore
    from remanence.store.sqlite.cipher import Key

__all__ = ["store_at"]


def store_at(
    location: str | Path,
    *,
    key: Key | None = None,
    busy_timeout: float = 30.0,
    connections: int = 8,
) -> SQLiteStore | PostgresStore:
    """Return the store at a location, not open yet.

    Args:
        location: A file name, ``sqlite:///`` and a file name, or a ``postgresql://`` URL.
        key: What a file is encrypted with; ``None`` if it is not.
        busy_timeout: Seconds to wait for somebody else's transaction, or for a server that can't be
            reached.
        connections: How many connections to a server it holds at most.

    Raises:
        InputError: ``location`` names no store, or a server's has a ``key``.
        MissingExtraError: It names a server, and what talks to it is not installed.
    """
    if not is_server(location):
        path = path_of(location).expanduser().absolute()
        return SQLiteStore(path, busy_timeout=busy_timeout, key=key)
    if key is not None:
        raise InputError(
            "key", "is given for a server's database", "leave it out: its disk is encrypted there"
        )
    try:
        from remanence.store.postgres import PostgresStore
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith(("psycopg", "tenacity")):
            raise
        raise MissingExtraError("postgres", "A store in PostgreSQL") from error
    except ImportError as error:  # psycopg is there, and no libpq
        raise MissingExtraError("postgres", "A store in PostgreSQL") from error
    return PostgresStore(str(location), connections=connections, patience=busy_timeout)
