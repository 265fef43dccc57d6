from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from remanence import Memory


@pytest.fixture
async def memory(tmp_path: Path) -> AsyncIterator[Memory]:
    async with Memory.open(tmp_path / "memory.db") as opened:
        yield opened
