"""A thread's way to the server: named statements, in transactions that name a user."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import numpy.typing as npt
from psycopg import ClientCursor
from psycopg.sql import Literal
from psycopg_pool import PoolTimeout

from remanence.store.postgres.connections import Connection, Pool, reasoned
from remanence.store.postgres.faults import translated
from remanence.store.postgres.halves import HalfType, HalfVectors, pack, unpack
from remanence.store.postgres.outgoing import Outgoing
from remanence.store.postgres.roles import APP, OPERATOR, WORKER
from remanence.store.postgres.statements import insertions, migrations, statements
from remanence.store.relational.database import Row

__all__ = ["Database"]

_BINARY = frozenset({"add_block", "block_data", "blocks_after", "last_block", "rewrite_block"})
"""What carries vectors: as text they would be several times as large."""

_ADD_JOBS = frozenset({"add_job", "follow_job"})

_LEAST_IDLE = 1_000
"""Milliseconds that a process may take between two statements, however little patience it has."""

_MOST_BUFFERED = 1_000_000
"""Characters of statements that are sent together at most, about."""

_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITING = "BEGIN ISOLATION LEVEL READ COMMITTED"
"""Not READ WRITE, which would overrule whoever has a server only read."""

_STORED_BYTES = """
    SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint
    FROM pg_class AS c
    WHERE c.relnamespace = 'remanence'::regnamespace AND c.relkind IN ('r', 'S')
"""


class Database:
    """Runs the named statements on connections of a pool; for one thread at a time.

    Statements whose rows nobody waits for go out together with the next one whose rows somebody
    does, as one message: a transaction takes as many round trips as it has questions.

    Args:
        pool: Where connections come from.
        place: The database's name, for errors.
        halves: What pgvector's type is called there; ``None`` where vectors are bytes.
        patience: Seconds to wait for others who hold the same rows.

    Attributes:
        place: The database's name.
        destinations: Those of the jobs that were put in since the transaction began.
    """

    def __init__(self, pool: Pool, *, place: str, halves: HalfType | None, patience: float) -> None:
        """Nothing is connected yet."""
        self.place = place
        self._pool = pool
        self._halves = halves
        self._patience = patience
        self._sql = statements()
        self._insertions = insertions()
        self._connection: Connection | None = None
        self._cursor: ClientCursor[Row] | None = None
        self._outgoing = Outgoing()
        self._sent = 0
        self._inside = False
        self._whose: str | None = None
        self.destinations: set[str] = set()

    @property
    def schema(self) -> int:
        """The version of the schema that this code writes."""
        return migrations()[-1].version

    def translated(self) -> AbstractContextManager[None]:
        """Turn PostgreSQL's errors in a block into errors of ours."""
        return translated(self.place)

    # --- whose rows ------------------------------------------------------------------------------

    def enter(self, user_id: str) -> None:
        """Turn to one user: the server shows nothing of anybody else."""
        name = Literal(user_id).as_string(self._connect())
        self._turn(
            f"SELECT set_config('role', '{APP}', true), "
            f"set_config('remanence.user_id', {name}, true)"
        )

    def hold(self, user_id: str) -> None:
        """Turn to one user, and let nobody else write for them until the transaction ends."""
        self.enter(user_id)
        self.run("lock_user", {"user_id": user_id})

    def across(self) -> None:
        """Turn to all users: names, ids and numbers are shown, and no content."""
        self._turn(
            f"SELECT set_config('role', '{WORKER}', true), "
            "set_config('remanence.user_id', '', true)"
        )

    def oversee(self) -> None:
        """Turn to all users as an operator does: how much there is is shown, and no content."""
        self._turn(
            f"SELECT set_config('role', '{OPERATOR}', true), "
            "set_config('remanence.user_id', '', true)"
        )

    def _turn(self, settings: str) -> None:
        if settings == self._whose:
            return
        self._whose = settings
        if self._inside:
            self._add(settings)

    # --- transactions ----------------------------------------------------------------------------

    @contextlib.contextmanager
    def snapshot(self) -> Generator[None]:
        """Run several reads as of one moment."""
        if self._inside:
            yield
            return
        self._begin(_SNAPSHOT)
        try:
            yield
            if self._sent:
                self._add("COMMIT")
                self._flush()
            self._end()
        except BaseException:
            self.roll_back()
            raise

    def begin(self, *, seconds: float | None = None) -> None:
        """Begin a transaction that writes; nothing is sent before it has to be.

        Args:
            seconds: How long to wait for others who hold the same rows; patience by default.
        """
        milliseconds = round(1000 * self._patience)
        waiting = milliseconds if seconds is None else round(1000 * seconds)
        # If the network fails, the server goes on holding rows for nobody: that has to end before
        # those who try again stop waiting for them.
        idle = max(_LEAST_IDLE, milliseconds // 3)
        self._begin(_WRITING)
        self._add(
            f"SELECT set_config('lock_timeout', '{waiting}', true), "
            f"set_config('idle_in_transaction_session_timeout', '{idle}', true)"
        )

    def commit(self, last: str) -> None:
        """Run a last statement and commit; when this raises, nobody knows whether it was."""
        self._add(last)
        self._add("COMMIT")
        self._flush()
        self._end()

    def _begin(self, how: str) -> None:
        self._outgoing.clear()
        self._sent = 0
        self._inside = True
        self._whose = None
        self.destinations.clear()
        self._add(how)

    def _end(self) -> None:
        self._inside = False
        self._whose = None

    def roll_back(self) -> None:
        """Undo what was begun, as far as the connection still can; the server does the rest."""
        inside, self._inside = self._inside, False
        self._outgoing.clear()
        self._whose = None
        connection = self._connection
        if inside and self._sent and connection is not None and not connection.closed:
            with contextlib.suppress(Exception):  # the pool throws such a connection away
                connection.execute("ROLLBACK")
        self.release()

    @contextlib.contextmanager
    def savepoint(self) -> Generator[None]:
        """Run a block inside a transaction so that it can fail alone."""
        whose, mark, sent = self._whose, self._outgoing.mark(), self._sent
        self._add("SAVEPOINT request")
        try:
            yield
        except BaseException:
            if sent == self._sent:  # it has not left this process
                self._outgoing.back_to(mark)
                self._whose = whose
            else:
                self._outgoing.clear()
                self._add("ROLLBACK TO request; RELEASE request")
                self._whose = None
            raise
        self._add("RELEASE request")

    # --- statements ------------------------------------------------------------------------------

    def rows(self, name: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Run a statement and return its rows."""
        if name in _BINARY:
            return self._binary(name, parameters)
        text = self._text(name, parameters)
        if self._inside:
            return self._ask(text)
        # One message without a BEGIN is one transaction, in which the settings hold.
        if self._whose is not None:
            self._outgoing.add(self._whose)
        return self._ask(text)

    def row(self, name: str, parameters: Mapping[str, Any]) -> Row | None:
        """Run a statement and return its first row, or ``None``."""
        found = self.rows(name, parameters)
        return found[0] if found else None

    def one(self, name: str, parameters: Mapping[str, Any]) -> Row:
        """Run a statement that always has exactly one row and return it."""
        (found,) = self.rows(name, parameters)
        return found

    def run(self, name: str, parameters: Mapping[str, Any]) -> None:
        """Run a statement for its effect, with the next one that has rows."""
        if name in _BINARY:
            self._binary(name, parameters)
        elif name in self._insertions:
            self._insert(name, parameters)
        else:
            self._add(self._text(name, parameters))

    def run_many(self, name: str, parameters: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement once for each set of parameters."""
        for each in parameters:
            self.run(name, each)

    def execute(self, text: str) -> list[Row]:
        """Run a statement of the store's own and return its rows."""
        return self._ask(text)

    def stored_bytes(self) -> int:
        """Return the size of all tables and indexes, of all users."""
        return self._ask(_STORED_BYTES)[0][0]

    def packed(self, vectors: npt.NDArray[np.float32]) -> bytes | HalfVectors:
        """Return vectors as a column keeps them."""
        return pack(vectors, self._halves)

    def unpacked(self, kept: bytes | HalfVectors, count: int) -> npt.NDArray[np.float32]:
        """Return the vectors of a column."""
        return unpack(kept, count)

    def _text(self, name: str, parameters: Mapping[str, Any]) -> str:
        self._connect()
        if name in _ADD_JOBS:
            self.destinations.add(parameters["destination"])
        return self._quoted(self._sql[name], parameters)

    def _quoted(self, text: str, parameters: Mapping[str, Any]) -> str:
        """Return one of this package's own statements with values that psycopg has quoted."""
        assert self._cursor is not None  # noqa: S101 - connecting made it
        return self._cursor.mogrify(text.encode(), parameters)

    def _insert(self, name: str, parameters: Mapping[str, Any]) -> None:
        self._connect()
        into, row = self._insertions[name]
        self._outgoing.insert(into, self._quoted(row, parameters))
        self._send_if_much()

    def _add(self, text: str) -> None:
        self._outgoing.add(text)
        self._send_if_much()

    def _send_if_much(self) -> None:
        if self._inside and self._outgoing.characters > _MOST_BUFFERED:
            self._flush()

    def _ask(self, text: str) -> list[Row]:
        """Send a statement with all that waits, and return its rows."""
        self._outgoing.add(text)
        return self._flush()

    def _flush(self) -> list[Row]:
        """Send what waits, as one message, and return the rows of its last statement."""
        self._sent += 1
        cursor = self._connect().execute(self._outgoing.message().encode())
        while cursor.nextset():
            pass
        return cursor.fetchall() if cursor.description else []

    def _binary(self, name: str, parameters: Mapping[str, Any]) -> list[Row]:
        if self._outgoing:
            self._flush()
        self._sent += 1
        connection = self._connect()
        if self._halves is not None:
            self._halves.register(connection)
        with connection.cursor(binary=True) as cursor:
            cursor.execute(self._sql[name].encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    # --- connections -----------------------------------------------------------------------------

    def _connect(self) -> Connection:
        if self._connection is None:
            deadline = time.monotonic() + self._patience
            while True:
                try:
                    connection = self._pool.getconn(timeout=max(0.1, deadline - time.monotonic()))
                except PoolTimeout as error:
                    raise reasoned(self._pool, error) from error
                if not connection.closed:
                    break
                self._pool.putconn(connection)
                if time.monotonic() > deadline:
                    raise PoolTimeout("no whole connection could be had")
            self._connection = connection
            self._cursor = ClientCursor(connection)
        return self._connection

    def release(self) -> None:
        """Let others have the connection; whatever was begun on it ends."""
        connection, self._connection, self._cursor = self._connection, None, None
        self._inside = False
        self._whose = None
        if connection is not None:
            self._pool.putconn(connection)

    def close(self) -> None:
        """Let go of the connection."""
        self.release()
