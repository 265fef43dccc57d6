from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from remanence.store.jobs import JobStore
from remanence.store.sqlite import SQLiteStore
from remanence.testing import JobStoreConformance


@asynccontextmanager
async def _opened(path: Path) -> AsyncGenerator[JobStore]:
    store = SQLiteStore(path)
    await store.open()
    try:
        yield store.jobs
    finally:
        await store.aclose()


class TestSQLiteJobs(JobStoreConformance):
    @pytest.fixture
    def connect(self, tmp_path: Path) -> Callable[[], AbstractAsyncContextManager[JobStore]]:
        return lambda: _opened(tmp_path / "memory.db")
