"""Where the tests get their stores from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from remanence.store.protocol import (
    Store,
)

__all__ = ["Handles"]


class Handles:
    """Where the stores come from."""

    @pytest.fixture
    def connect(self) -> Callable[[], Store]:
        """Return what makes unopened stores on the same data, which are empty at first."""
        raise NotImplementedError("a subclass defines the fixture 'connect'")

    @pytest.fixture
    async def store(self, connect: Callable[[], Store]) -> AsyncIterator[Store]:
        """Open the store under test."""
        store = connect()
        await store.open()
        yield store
        await store.aclose()

    @pytest.fixture
    async def second(self, connect: Callable[[], Store], store: Store) -> AsyncIterator[Store]:
        """Open a second store on the same data, as another process has it."""
        second = connect()
        await second.open()
        yield second
        await second.aclose()
