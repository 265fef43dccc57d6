"""Where the tests get their stores from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from remanence.store.jobs import JobStore

__all__ = ["Connect", "Handles"]

Connect = Callable[[], AbstractAsyncContextManager[JobStore]]


class Handles:
    """Where the stores come from."""

    @pytest.fixture
    def connect(self) -> Connect:
        """Return what opens stores on the same data, which are empty at first."""
        raise NotImplementedError("a subclass defines the fixture 'connect'")

    @pytest.fixture
    async def jobs(self, connect: Connect) -> AsyncIterator[JobStore]:
        """Open the store under test."""
        async with connect() as jobs:
            yield jobs

    @pytest.fixture
    async def second(self, connect: Connect, jobs: JobStore) -> AsyncIterator[JobStore]:
        """Open a second store on the same data, as another process has it."""
        del jobs  # it comes first
        async with connect() as second:
            yield second
