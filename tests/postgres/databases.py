"""Databases that tests of the PostgreSQL store begin with."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from evals.serving.databases import Databases
from evals.serving.errors import ServingError
from remanence.store.postgres.connections import Address
from remanence.store.postgres.migrating import migrate

__all__ = [
    "APPLICATION",
    "OWNER",
    "database",
    "empty",
    "kind",
    "new_database",
    "owner_url",
    "shared",
    "templates",
]

OWNER = "remanence_test_owner"
"""Owns the schema, and is no superuser."""

APPLICATION = "remanence_test_application"
"""What the stores under test log in as: it owns nothing."""

_PARTITIONS = 3
_NO_PGVECTOR = "pgvector 0.8.4 or newer can't be had on this server"
_numbers = itertools.count()


@pytest.fixture(scope="session")
def templates(server: Databases) -> Iterator[dict[str, str]]:
    """Databases with an empty schema, by what vectors are kept in."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        for role, options in ((OWNER, "CREATEROLE"), (APPLICATION, "")):
            row = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
            if row.fetchone() is None:
                connection.execute(f"CREATE ROLE {role} LOGIN {options}".encode())
        for group in ("remanence_app", "remanence_worker", "remanence_operator"):
            row = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (group,))
            if row.fetchone() is None:
                connection.execute(f"CREATE ROLE {group} NOLOGIN".encode())
            connection.execute(f"GRANT {group} TO {OWNER} WITH ADMIN OPTION".encode())
    made: dict[str, str] = {}
    for kind in ("halfvec", "bytea"):
        name = f"remanence_template_{kind}"
        server.drop_database(name)
        withheld = kind == "bytea" and _create_bare(server, name)
        if kind == "halfvec":
            server.create_database(name)
        with psycopg.connect(server.url(name), autocommit=True) as connection:
            if kind == "halfvec":
                if not _has_pgvector(connection):
                    continue
                connection.execute("CREATE EXTENSION vector")
            connection.execute(f"GRANT CREATE ON DATABASE {name} TO {OWNER}".encode())
        migrate(
            Address.of(server.url(name, user=OWNER)),
            partitions=_PARTITIONS,
            vectors="auto" if withheld or kind == "halfvec" else "bytea",
            grant=[APPLICATION],
        )
        made[kind] = name
    yield made
    for name in made.values():
        server.drop_database(name)


def _create_bare(server: Databases, name: str) -> bool:
    """Make a database where no extension can be had; return whether that is so there."""
    try:
        server.create_database(name, extensions=False)
    except ServingError:  # the server can't withhold them
        server.create_database(name)
        return False
    return True


def _has_pgvector(connection: psycopg.Connection[Any]) -> bool:
    """Return whether a server has pgvector, new enough."""
    row = connection.execute(
        "SELECT string_to_array(default_version, '.')::int[] >= ARRAY[0, 8, 4]"
        " FROM pg_available_extensions WHERE name = 'vector'"
    ).fetchone()
    return row is not None and bool(row[0])


@pytest.fixture(params=["halfvec", "bytea"])
def kind(request: pytest.FixtureRequest) -> str:
    """What vectors are kept in: with pgvector, and without."""
    return request.param


@pytest.fixture
def new_database(server: Databases, templates: dict[str, str]) -> Iterator[Callable[[str], str]]:
    """Makes a database with an empty schema, by what vectors are kept in; returns its name."""
    made: list[str] = []

    def make(kind: str = "halfvec") -> str:
        name = f"remanence_test_{next(_numbers)}"
        server.drop_database(name)
        if kind not in templates:
            pytest.skip(_NO_PGVECTOR)
        server.create_database(name, templates[kind])
        made.append(name)
        return name

    yield make
    for name in made:
        server.drop_database(name)


@pytest.fixture(scope="session")
def shared(server: Databases, templates: dict[str, str]) -> Iterator[dict[str, str]]:
    """A database of each kind that tests have one after another; making one takes half a second."""
    made = {kind: f"remanence_test_{kind}" for kind in templates}
    for kind, name in made.items():
        server.drop_database(name)
        server.create_database(name, templates[kind])
    yield made
    for name in made.values():
        server.drop_database(name)


@pytest.fixture
def database(server: Databases, shared: dict[str, str], kind: str) -> str:
    """The URL of an empty database as the application has it, which owns nothing there."""
    if kind not in shared:
        pytest.skip(_NO_PGVECTOR)
    with psycopg.connect(server.url(shared[kind]), autocommit=True) as connection:
        empty(connection)
    return server.url(shared[kind], user=APPLICATION)


def empty(connection: psycopg.Connection[Any]) -> None:
    """Remove all rows of a store, and begin its numbers anew, as a superuser."""
    rows = connection.execute(
        "SELECT relname, relkind FROM pg_class WHERE relnamespace = 'remanence'::regnamespace"
        " AND relkind IN ('p', 'S')"
    ).fetchall()
    statements = [
        f"DELETE FROM remanence.{name}"
        if kind == "p"
        else f"SELECT setval('remanence.{name}', 1, false)"
        for name, kind in rows
    ]
    statements += [
        "DELETE FROM remanence.embedders",
        "UPDATE remanence.counters SET seq_floor = 0",
        "UPDATE remanence.expense SET calls = 0, input_tokens = 0, output_tokens = 0",
    ]
    connection.execute(";".join(statements).encode())


@pytest.fixture
def owner_url(database: str) -> str:
    """The same database as its owner has it."""
    return database.replace(APPLICATION, OWNER)
