from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.middleware.places import KINDS, EnginePlace, OutboxPlace, Place, opened


@pytest.fixture(params=KINDS)
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """Every test that asks for it runs over each kind of place."""
    async with opened(request.param, tmp_path) as place:
        yield place


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[EnginePlace]:
    async with opened("engine", tmp_path) as place:
        assert isinstance(place, EnginePlace)
        yield place


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[OutboxPlace]:
    async with opened("outbox", tmp_path) as place:
        assert isinstance(place, OutboxPlace)
        yield place
