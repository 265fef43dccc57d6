from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from remanence.store.jobs import JobStore
from remanence.store.protocol import Store
from remanence.store.sqlite import SQLiteStore
from remanence.testing import JobStoreConformance, StoreConformance


class TestEncryptedStore(StoreConformance):
    @pytest.fixture
    def connect(self, tmp_path: Path, key: bytes) -> Callable[[], Store]:
        return lambda: SQLiteStore(tmp_path / "memory.db", key=key)


@asynccontextmanager
async def _opened(path: Path, key: bytes) -> AsyncGenerator[JobStore]:
    store = SQLiteStore(path, key=key)
    await store.open()
    try:
        yield store.jobs
    finally:
        await store.aclose()


class TestEncryptedJobs(JobStoreConformance):
    @pytest.fixture
    def connect(
        self, tmp_path: Path, key: bytes
    ) -> Callable[[], AbstractAsyncContextManager[JobStore]]:
        return lambda: _opened(tmp_path / "memory.db", key)
