"""What mem0's open source client keeps beside memories: their history, and the last messages."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Collection, Generator, Mapping
from pathlib import Path
from typing import Any

from remanence.errors import BackendUnavailableError

__all__ = ["History"]

_IN_MEMORY = ":memory:"

# The ids are a list in JSON; history has no index by memory, so all of them go at once.
_TOLD = (
    "SELECT old_memory, new_memory FROM history WHERE memory_id IN (SELECT value FROM json_each(?))"
)
_TOLD_ROWS = "SELECT count(*) FROM history WHERE memory_id IN (SELECT value FROM json_each(?))"
_FORGET_TOLD = (
    "DELETE FROM history WHERE memory_id IN (SELECT value FROM json_each(?)) RETURNING id"
)
_SAID = "SELECT content FROM messages WHERE id IN (SELECT value FROM json_each(?))"
_FORGET_SAID = "DELETE FROM messages WHERE id IN (SELECT value FROM json_each(?))"
_SAID_WHERE = "SELECT id, session_scope FROM messages"
_DELETED = "SELECT count(DISTINCT memory_id) FROM history WHERE event = 'DELETE'"


class History:
    """The SQLite database of an ``AsyncMemory``, used when the client itself does not.

    Args:
        memory: The client.

    Raises:
        BackendUnavailableError: The client was closed.
    """

    def __init__(self, memory: Any) -> None:
        """Keep the connection."""
        manager = getattr(memory, "db", None)
        connection = getattr(manager, "connection", None)
        if not isinstance(connection, sqlite3.Connection):
            raise BackendUnavailableError("mem0's history is not open")
        self._connection = connection
        self._lock: Any = getattr(manager, "_lock", None) or contextlib.nullcontext()
        path = str(getattr(manager, "db_path", _IN_MEMORY))
        self.path = None if path == _IN_MEMORY else Path(path)

    @contextlib.contextmanager
    def held(self) -> Generator[None]:
        """Keep the client from using the database for a block."""
        with self._lock:
            yield

    def texts(self, ids: Collection[str], filters: Mapping[str, str] | None) -> list[str]:
        """Return what is kept of memories, and what was said last.

        Args:
            ids: The memories.
            filters: Where it was said; ``None`` for nowhere.
        """
        with self.held():
            rows = [*self._run(_TOLD, ids), *self._run(_SAID, self._said(filters))]
        return [text for row in rows for text in row if isinstance(text, str)]

    def erase(self, ids: Collection[str], filters: Mapping[str, str] | None) -> tuple[int, int]:
        """Remove the history of memories, and what was said last; return how many rows of each.

        Args:
            ids: The memories.
            filters: Where it was said; ``None`` for nowhere.
        """
        with self.held():
            self._connection.execute("PRAGMA secure_delete = ON")
            with self._connection:
                told = self._run(_FORGET_TOLD, ids)
                said = self._said(filters)
                self._run(_FORGET_SAID, said)
        return len(told), len(said)

    def rows_of(self, ids: Collection[str], filters: Mapping[str, str] | None) -> int:
        """Return how many rows there are that :meth:`erase` would remove."""
        with self.held():
            told = self._run(_TOLD_ROWS, ids)[0][0]
            return int(told) + len(self._said(filters))

    def orphans(self) -> int:
        """Return of how many memories that mem0 deleted itself the history still tells."""
        with self.held():
            return self._connection.execute(_DELETED).fetchone()[0]

    def _said(self, filters: Mapping[str, str] | None) -> list[str]:
        """Return the ids of the messages that were said where filters see."""
        if filters is None:
            return []
        wanted = {f"{name}={_escaped(value)}" for name, value in filters.items()}
        rows = self._connection.execute(_SAID_WHERE).fetchall()
        return [id_ for id_, scope in rows if wanted <= set(str(scope).split("&"))]

    def _run(self, sql: str, ids: Collection[str]) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, (json.dumps(list(ids)),)).fetchall()


def _escaped(value: str) -> str:
    """Return an id as mem0 writes it into the name of a scope."""
    return value.replace("%", "%25").replace("&", "%26").replace("=", "%3D")
