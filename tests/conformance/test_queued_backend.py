from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from remanence.backends import Backend, QueuedBackend
from remanence.testing import BackendConformance
from remanence.testing.backends import Connect
from remanence.testing.service import ScriptedService


class TestQueuedBackend(BackendConformance):
    @pytest.fixture
    def connect(self, tmp_path: Path) -> Connect:
        def connected(place: str = "here") -> AbstractAsyncContextManager[Backend]:
            service = ScriptedService(tmp_path / place)
            return QueuedBackend.open(service, tmp_path / "outbox.db")

        return connected

    async def settle(self, backend: Backend) -> None:
        assert isinstance(backend, QueuedBackend)
        assert await backend.settle(30)
