from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

pytest.importorskip("reme")

from remanence.backends import Backend
from remanence.backends.reme import ReMeBackend
from remanence.outbox.settings import OutboxSettings
from remanence.testing import BackendConformance
from remanence.testing.backends import Connect
from remanence.testing.embedding import ScriptedEmbeddingModel

pytestmark = pytest.mark.agentscope

QUICK = OutboxSettings(first_delay=0.05, longest_delay=0.2, poll_seconds=0.1, drain_seconds=2.0)


class TestReMeBackend(BackendConformance):
    embeds = False

    @pytest.fixture
    def connect(self, tmp_path: Path) -> Connect:
        @asynccontextmanager
        async def connected(place: str = "here") -> AsyncGenerator[Backend]:
            backend = ReMeBackend(
                workspace_dir=tmp_path / place,
                # In fewer dimensions, words that have nothing in common are near by accident.
                embedding_model=ScriptedEmbeddingModel(2_048) if self.embeds else None,
                settings=QUICK,
            )
            async with aclosing(backend):
                yield backend

        return connected

    async def settle(self, backend: Backend) -> None:
        assert isinstance(backend, ReMeBackend)
        assert await backend.settle(30)


class TestReMeBackendWithVectors(TestReMeBackend):
    embeds = True
