from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

pytest.importorskip("mem0")

from remanence.backends import Backend
from remanence.backends.mem0 import Mem0Backend
from remanence.outbox.settings import OutboxSettings
from remanence.testing import BackendConformance
from remanence.testing.backends import Connect
from remanence.testing.embedding import ScriptedEmbeddingModel
from remanence.testing.extracting import verbatim_facts
from remanence.testing.models import ScriptedChatModel

pytestmark = pytest.mark.agentscope

QUICK = OutboxSettings(first_delay=0.05, longest_delay=0.2, poll_seconds=0.1, drain_seconds=2.0)


class TestMem0Backend(BackendConformance):
    distils = True

    @pytest.fixture
    def connect(self, tmp_path: Path) -> Connect:
        @asynccontextmanager
        async def connected(place: str = "here") -> AsyncGenerator[Backend]:
            backend = Mem0Backend(
                chat_model=ScriptedChatModel(verbatim_facts),
                # In fewer dimensions, words that have nothing in common are near by accident.
                embedding_model=ScriptedEmbeddingModel(2_048),
                data_dir=tmp_path / place,
                settings=QUICK,
            )
            async with aclosing(backend):
                yield backend

        return connected

    async def settle(self, backend: Backend) -> None:
        assert isinstance(backend, Mem0Backend)
        assert await backend.settle(30)
