"""The servers that tests of PostgreSQL share."""

import os
from collections.abc import Iterator

import pytest

from evals.serving.databases import Databases, RunningServer
from evals.serving.errors import ServingError
from evals.serving.pgbouncer import PgBouncer, find_pgbouncer
from evals.serving.postgres import PostgresServer
from tests.postgres.databases import (
    database,
    kind,
    new_database,
    owner_url,
    shared,
    templates,
)

# Fixtures of these names are those of all tests here.
__all__ = ["database", "kind", "new_database", "owner_url", "shared", "templates"]


@pytest.fixture(scope="session")
def own_server() -> Iterator[PostgresServer]:
    """A server that was started for these tests, with pgvector."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Databases:
    """The server that `REMANENCE_TEST_POSTGRES` names, or else one of our own."""
    if url := os.environ.get("REMANENCE_TEST_POSTGRES"):
        return RunningServer(url)
    return request.getfixturevalue("own_server")


@pytest.fixture(scope="session")
def pgbouncer_installed() -> None:
    """Skips what needs PgBouncer where that is missing, unless everything has to be tested."""
    try:
        find_pgbouncer()
    except ServingError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def pooler(server: Databases, pgbouncer_installed: None) -> Iterator[PgBouncer]:
    """What lends connections with the server by transaction."""
    with PgBouncer(server.url()) as pooler:
        yield pooler
