"""A store behind PgBouncer, which lends a connection for one transaction at a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from evals.serving.databases import Databases
from evals.serving.pgbouncer import PgBouncer
from remanence.store.jobs import JobStore
from remanence.store.postgres import PostgresStore
from remanence.store.protocol import Store
from remanence.testing.jobs.leasing import Leasing
from remanence.testing.jobs.settling import Settling
from remanence.testing.stores.appending import Appending
from remanence.testing.stores.embedding import Embedding
from remanence.testing.stores.erasing import Erasing
from remanence.testing.stores.feeding import Feeding
from tests.postgres.databases import APPLICATION


@pytest.fixture(scope="module")
def small_pooler(server: Databases, pgbouncer_installed: None) -> Iterator[PgBouncer]:
    """One with two connections, of which each transaction gets the one that was idle for longest.

    So what a transaction leaves behind would be missed by the next, or found where it must not be.
    """
    settings = {"server_round_robin": "1", "query_wait_timeout": "20"}
    with PgBouncer(server.url(), pool_size=2, settings=settings) as pooler:
        yield pooler


@pytest.fixture
def pooled(small_pooler: PgBouncer, database: str) -> str:
    """The database's URL by way of that."""
    name = database.rpartition("/")[2].partition("?")[0]
    return small_pooler.url(name, user=APPLICATION)


class TestPooledStore(Appending, Erasing, Embedding, Feeding):
    @pytest.fixture
    def kind(self) -> str:
        return "halfvec"

    @pytest.fixture
    def connect(self, pooled: str) -> Callable[[], Store]:
        return lambda: PostgresStore(pooled)


@asynccontextmanager
async def _opened(url: str) -> AsyncGenerator[JobStore]:
    store = PostgresStore(url)
    await store.open()
    try:
        yield store.jobs
    finally:
        await store.aclose()


class TestPooledJobs(Leasing, Settling):
    @pytest.fixture
    def kind(self) -> str:
        return "bytea"  # jobs have no vectors

    @pytest.fixture
    def connect(self, pooled: str) -> Callable[[], AbstractAsyncContextManager[JobStore]]:
        return lambda: _opened(pooled)
