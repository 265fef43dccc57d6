"""A backend whose closing was cancelled is closed by closing it again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from remanence import Filter, MemoryClosedError, Scope
from remanence.backends import Erased, Exchange
from remanence.backends.shared import SharedBackend
from remanence.outbox.settings import OutboxSettings
from remanence.telemetry import Faults
from remanence.testing.service import ScriptedService
from remanence.types import Message

ALICE = Scope("alice", "clerk", "monday")
SLOW = OutboxSettings(first_delay=0.01, longest_delay=0.02, poll_seconds=0.05, drain_seconds=30)


class _Service(ScriptedService):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.erasing = asyncio.Event()
        self.gate = asyncio.Event()

    async def erase(self, where: Filter, ids: Sequence[str] | None) -> Erased:
        self.erasing.set()
        await self.gate.wait()
        return Erased()


class _Backend(SharedBackend):
    def __init__(self, service: _Service, file: Path) -> None:
        faults = Faults(logging.getLogger(__name__))
        super().__init__(service, file, field="folder", settings=SLOW, clock=None, faults=faults)

    def check_id(self, field: str, value: object) -> str:
        return str(value)

    async def _release(self) -> None:
        pass


def opened(file: Path) -> bool:
    """Return whether this process has a file open."""
    return any(
        link.is_symlink() and link.resolve() == file for link in Path("/proc/self/fd").iterdir()
    )


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="tells which files are open")
async def test_a_cancelled_closing_is_gone_on_with(tmp_path: Path) -> None:
    file = tmp_path / "outbox.db"
    service = _Service(tmp_path / "service")
    backend, other = _Backend(service, file), _Backend(service, file)
    for each in (backend, other):
        exchange = Exchange("reply", (Message("user", "falcon", id="m"),), 0)
        assert await each.retain(exchange, scope=ALICE, wait=10)
    forgetting = asyncio.create_task(backend.forget_user("alice"))
    await asyncio.wait_for(service.erasing.wait(), 10)
    forgetting.cancel()
    await asyncio.wait([forgetting])
    await other.aclose()  # others still use it

    closing = asyncio.create_task(backend.aclose())
    await asyncio.sleep(0.05)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert opened(file)
    with pytest.raises(MemoryClosedError):
        await backend.settle(1)
    service.gate.set()
    await backend.aclose()
    assert not opened(file)
    await backend.aclose()
