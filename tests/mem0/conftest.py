from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.mem0.platform import Platform, platform_at_work

if TYPE_CHECKING:
    from mem0 import AsyncMemoryClient


@pytest.fixture
def platform() -> Iterator[Platform]:
    with platform_at_work() as platform:
        yield platform


@pytest.fixture
async def client(platform: Platform) -> AsyncIterator[AsyncMemoryClient]:
    client = platform.client()
    async with client.async_client:
        yield client
