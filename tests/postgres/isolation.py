"""Two users in one database, and those who may send it SQL: what tests of isolation begin with."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
from collections.abc import Generator, Sequence
from typing import Any, LiteralString

import psycopg
import uuid_utils
from psycopg import errors, sql

from evals.serving.databases import Databases
from remanence import Memory, Message, Scope
from remanence.store.erasing import NewErasure
from remanence.store.jobs import NewJob, Quota
from remanence.store.postgres import PostgresStore
from remanence.testing.embedder import ScriptedEmbedder
from remanence.types import Filter
from tests.postgres.databases import APPLICATION, OWNER

Connection = psycopg.Connection[tuple[Any, ...]]
Table = str

APP, WORKER, OPERATOR = "remanence_app", "remanence_worker", "remanence_operator"
GROUPS = (APP, WORKER, OPERATOR)
ALICE, BOB = "alice", "bob"
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)

OF_NOBODY = frozenset({"counters", "embedders", "expense", "migrations", "writers"})
"""Tables that hold nothing of any user."""


# --- a database with two users' rows of every kind -----------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Filled:
    """A database in which two users have rows in every table.

    Attributes:
        server: Where it is.
        name: Its name.
    """

    server: Databases
    name: str

    @contextlib.contextmanager
    def connected(self, user: str | None = None) -> Generator[Connection]:
        """Connect as somebody; ``None`` is the superuser."""
        with psycopg.connect(self.server.url(self.name, user=user), autocommit=True) as connection:
            yield connection


def secret_of(user: str) -> str:
    """Return what stands in everything that is of a user."""
    return f"{user}secret"


@contextlib.contextmanager
def two_users(server: Databases, template: str) -> Generator[Filled]:
    """Have a database in which two users have rows in every table, made by the public API."""
    name = "remanence_test_isolation"
    server.drop_database(name)
    server.create_database(name, template)
    asyncio.run(_fill(server.url(name, user=APPLICATION)))
    filled = Filled(server, name)
    with filled.connected() as connection:
        connection.execute("ANALYZE")
    yield filled
    server.drop_database(name)


async def _fill(url: str) -> None:
    async with Memory.open(url, embedder=ScriptedEmbedder()) as memory:
        for user in (ALICE, BOB):
            await _live(memory, user)
        assert await memory.settle()
    store = PostgresStore(url)
    await store.open()
    try:
        for user in (ALICE, BOB):
            scope = Scope(user, secret_of(user), secret_of(user))
            await store.jobs.enqueue(
                [
                    NewJob(
                        str(uuid_utils.uuid7()), "retain", "elsewhere", scope, secret_of(user),
                        f'{{"said": "{secret_of(user)}"}}', NOON,
                    )
                ],
                quota=Quota(10, 10_000),
            )  # fmt: skip
            asked = NewErasure(Filter(user, secret_of(user)), None, NOON, asked_by=secret_of(user))
            await store.erasures.ask([asked])
    finally:
        await store.aclose()


async def _live(memory: Memory, user: str) -> None:
    """Have a user say things, have facts noted and superseded, and have something forgotten."""
    secret = secret_of(user)
    scope = Scope(user, secret, secret)
    said = await memory.observe(
        [
            Message(
                "user", f"{secret} {number}", name=secret, at=NOON, id=f"{secret}-{number}",
                metadata={secret: secret},
            )
            for number in range(4)
        ],
        scope=scope,
    )  # fmt: skip
    sources = [episode.id for episode in said]
    fact = await memory.remember(
        f"{secret} lives in Ghent", scope=scope, attribute=f"{secret}: city", sources=sources[:1]
    )
    await memory.remember(
        f"{secret} lives in Bruges", scope=scope, attribute=f"{secret}: city",
        valid_from=NOON, sources=sources[1:2],
    )  # fmt: skip
    # A fact that what is forgotten said once more changes with it.
    twice = await memory.remember(f"{secret} likes tea", scope=scope, sources=sources[2:3])
    await memory.correct(twice.id, f"{secret} likes coffee", scope=scope)
    assert await memory.settle()
    await memory.forget([sources[3]], scope=Scope(user), asked_by=secret)
    gone = await memory.remember(f"{secret} lived in Liege", scope=scope)
    last = await memory.correct(gone.id, f"{secret} lived in Namur", scope=scope)
    await memory.forget([last.id], scope=Scope(user), asked_by=secret)
    assert await memory.get(fact.id, scope=Scope(user))


# --- what the catalog tells ----------------------------------------------------------------------


def relations(connection: Connection, kinds: LiteralString) -> list[str]:
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'remanence'::regnamespace"
        ' AND relkind = ANY (%s::"char"[]) ORDER BY relname',
        (list(kinds),),
    )
    return [name for (name,) in rows.fetchall()]


def partitions_of(connection: Connection) -> set[str]:
    rows = connection.execute(
        "SELECT relname FROM pg_class"
        " WHERE relnamespace = 'remanence'::regnamespace AND relispartition AND relkind = 'r'"
    )
    return {name for (name,) in rows.fetchall()}


def tables_of(connection: Connection) -> list[Table]:
    """Return the tables of users, and their partitions."""
    return [name for name in relations(connection, "rpvmf") if name not in OF_NOBODY]


def parents_of(connection: Connection) -> list[Table]:
    partitions = partitions_of(connection)
    return [name for name in tables_of(connection) if name not in partitions]


def columns_of(connection: Connection, table: Table, *, insertable: bool = False) -> list[str]:
    rows = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped AND (NOT %s OR attgenerated = '') ORDER BY attnum",
        (f"remanence.{table}", insertable),
    )
    return [name for (name,) in rows.fetchall()]


def on(statement: LiteralString, table: Table, **parts: sql.Composable) -> sql.Composed:
    return sql.SQL(statement).format(t=sql.Identifier("remanence", table), **parts)


def everything(connection: Connection) -> dict[Table, list[tuple[Any, ...]]]:
    """Return all rows of all users as they are, as text."""
    statement = "SELECT user_id, ctid::text, xmin::text, r::text FROM {t} AS r ORDER BY 1, 2"
    return {
        table: connection.execute(on(statement, table)).fetchall()
        for table in sorted(partitions_of(connection))
    }


def all_of(tables: Sequence[Table]) -> sql.Composed:
    """Return a statement that gives the table of each row of some tables."""
    parts = [on("SELECT {name} FROM {t}", each, name=sql.Literal(each)) for each in tables]
    return sql.SQL(" UNION ALL ").join(parts)


def rows_as_json(filled: Filled, user: str) -> dict[Table, tuple[list[str], str]]:
    """Return, by table, the columns of a row of a user and the row as JSON."""
    with filled.connected() as connection:
        rows: dict[Table, tuple[list[str], str]] = {}
        for table in parents_of(connection):
            statement = on("SELECT to_json(r)::text FROM {t} AS r WHERE user_id = %s", table)
            row = connection.execute(statement, (user,)).fetchone()
            assert row is not None
            rows[table] = columns_of(connection, table, insertable=True), row[0]
        return rows


def inserting(table: Table, columns: Sequence[str], then: LiteralString = "") -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement: LiteralString = (
        "INSERT INTO {t} ({names}) SELECT {names} FROM json_populate_record(NULL::{t}, %s::json) "
    )
    return on(statement + then, table, names=names)


# --- who asks, about whom ------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who sends SQL.

    Attributes:
        login: Who logs in.
        role: As whom statements run, if that is another.
    """

    login: str
    role: str | None

    def begin(self, connection: Connection) -> None:
        """Become the role for the rest of the transaction."""
        if self.role is not None:
            connection.execute("SELECT set_config('role', %s, true)", (self.role,))


def name_user(connection: Connection, user: str) -> None:
    connection.execute("SELECT set_config('remanence.user_id', %s, true)", (user,))


TENANTS = (Asker(APPLICATION, APP), Asker(APPLICATION, None), Asker(OWNER, None), Asker(OWNER, APP))
"""Who may have a user's rows, once they name the user."""

OTHERS = (*(Asker(login, role) for login in (APPLICATION, OWNER) for role in (WORKER, OPERATOR)),)


def label(asker: Asker) -> str:
    return f"{asker.login.removeprefix('remanence_test_')} as {asker.role or 'itself'}"


@contextlib.contextmanager
def undone(connection: Connection) -> Generator[None]:
    """Run a block whose effects are undone, errors of PostgreSQL included."""
    with connection.transaction(force_rollback=True):
        yield


def is_refused(connection: Connection, statement: sql.Composed, values: Sequence[Any] = ()) -> bool:
    """Return whether a statement is refused for want of a right."""
    with undone(connection):
        try:
            connection.execute(statement, values)
        except errors.InsufficientPrivilege:
            return True
    return False
