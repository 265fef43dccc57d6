"""What SQLite files still hold of what was deleted: they are written anew, and looked through."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator, Sequence
from pathlib import Path

from remanence.backends.pieces import Samples, occurrences

__all__ = ["look_through", "write_anew"]

_PATIENCE = 30.0
"""Seconds to wait for whoever else uses a file."""


def write_anew(path: Path) -> int:
    """Write an SQLite file anew, so that it holds its rows and nothing else; return its size.

    Raises:
        sqlite3.Error: It can't be, as when somebody else uses it for too long.
    """
    with _opened(path) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # does nothing where there is no log
    return path.stat().st_size


def look_through(path: Path, samples: Samples) -> list[bytes]:
    """Return the pieces that an SQLite file, or one beside it, holds more often than its rows do.

    Raises:
        sqlite3.Error: It can't be read, or not without harm.
        OSError: As well.
    """
    with _opened(path) as connection:
        if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            # Whoever has it open would lose the lock that tells others of it.
            raise sqlite3.NotSupportedError(f"{path.name} keeps a write-ahead log")
        # A file that is closed loses the locks that its process has on it. Now nobody has any.
        connection.execute("BEGIN EXCLUSIVE")
        files = (path, path.with_name(f"{path.name}-journal"))
        held = {
            piece: amount
            for piece in samples.pieces
            if (amount := sum(occurrences(file, piece) for file in files))
        }
        if not held:
            return []
        # Others may have said the same.
        told = _counted_in_rows(connection, list(held))
        return [piece for piece, amount in held.items() if amount > told[piece]]


@contextlib.contextmanager
def _opened(path: Path) -> Generator[sqlite3.Connection]:
    """Open a file by the same SQLite as mem0 and Qdrant do, so that their locks are respected."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_PATIENCE, isolation_level=None
    )
    try:
        yield connection
    finally:
        connection.close()


def _counted_in_rows(connection: sqlite3.Connection, pieces: Sequence[bytes]) -> dict[bytes, int]:
    """Return how often the rows of all tables hold each piece."""
    counts = dict.fromkeys(pieces, 0)
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    for (table,) in tables:
        quoted = str(table).replace('"', '""')
        for row in connection.execute(f'SELECT * FROM "{quoted}"'):  # noqa: S608 - its own name
            for cell in row:
                data = cell.encode(errors="surrogatepass") if isinstance(cell, str) else cell
                if isinstance(data, bytes):
                    for piece in pieces:
                        counts[piece] += data.count(piece)
    return counts
