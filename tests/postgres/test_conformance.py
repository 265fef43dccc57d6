"""The PostgreSQL store keeps the contract of every store, with pgvector and without.

Without, only what has to do with vectors is another: that is checked there.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from remanence.store.jobs import JobStore
from remanence.store.postgres import PostgresStore
from remanence.store.protocol import Store
from remanence.testing import JobStoreConformance, StoreConformance
from remanence.testing.stores.embedding import Embedding
from remanence.testing.stores.erasing import Erasing
from remanence.testing.stores.erasing_in_steps import ErasingInSteps


class TestPostgresStore(StoreConformance):
    @pytest.fixture
    def kind(self, shared: dict[str, str]) -> str:
        return "halfvec" if "halfvec" in shared else "bytea"  # as older servers have it

    @pytest.fixture
    def connect(self, database: str) -> Callable[[], Store]:
        return lambda: PostgresStore(database)


class TestPostgresStoreWithoutPgvector(Embedding, Erasing, ErasingInSteps):
    @pytest.fixture
    def kind(self) -> str:
        return "bytea"

    @pytest.fixture
    def connect(self, database: str) -> Callable[[], Store]:
        return lambda: PostgresStore(database)


@asynccontextmanager
async def _opened(url: str) -> AsyncGenerator[JobStore]:
    store = PostgresStore(url)
    await store.open()
    try:
        yield store.jobs
    finally:
        await store.aclose()


class TestPostgresJobs(JobStoreConformance):
    @pytest.fixture
    def kind(self) -> str:
        return "bytea"  # jobs have no vectors

    @pytest.fixture
    def connect(self, database: str) -> Callable[[], AbstractAsyncContextManager[JobStore]]:
        return lambda: _opened(database)
