from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from remanence import Memory
from remanence.backends import Backend, EngineBackend
from remanence.testing import BackendConformance
from remanence.testing.backends import Connect


class TestEngineBackend(BackendConformance):
    @pytest.fixture
    def connect(self, tmp_path: Path) -> Connect:
        @asynccontextmanager
        async def connected(place: str = "here") -> AsyncGenerator[Backend]:
            async with Memory.open(tmp_path / f"{place}.db") as memory:
                yield EngineBackend(memory)

        return connected
