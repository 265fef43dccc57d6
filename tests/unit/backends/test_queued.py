"""What the queue adds to a service: nothing is lost, and nothing is there twice."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from remanence import Filter, InputError, MemoryClosedError, Message, Recollection, Scope
from remanence.backends import Delivery, Exchange, QueuedBackend, RecallRequest
from remanence.errors import BackendError, BackendUnavailableError, OutboxFullError
from remanence.outbox.settings import OutboxSettings
from remanence.store.jobs import Job
from remanence.store.sqlite import SQLiteStore
from remanence.testing.service import Fault, ScriptedService

ALICE = Scope("alice", "clerk", "monday")
QUICK = OutboxSettings(first_delay=0.01, longest_delay=0.02, poll_seconds=0.05, drain_seconds=0)


def _exchange(number: int = 0, part: int = 0) -> Exchange:
    reply_id = f"reply-{number}"
    text = f"falcon {number}" if not part else f"falcon {number} part {part}"
    return Exchange(reply_id, (Message("user", text, id=f"{reply_id}-{part}"),), part)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@pytest.fixture
def service(tmp_path: Path) -> ScriptedService:
    return ScriptedService(tmp_path / "service")


@pytest.fixture
async def backend(service: ScriptedService, path: Path) -> AsyncIterator[QueuedBackend]:
    async with QueuedBackend.open(service, path, settings=QUICK) as backend:
        yield backend


async def _jobs(path: Path) -> list[Job]:
    store = SQLiteStore(path)
    await store.open()
    try:
        return await store.jobs.jobs()
    finally:
        await store.aclose()


def _texts(service: ScriptedService) -> list[str]:
    return [text for _, _, text in service.kept(Filter("alice"))]


async def test_waiting_tells_whether_it_was_delivered(
    backend: QueuedBackend, service: ScriptedService
) -> None:
    assert await backend.retain(_exchange(), scope=ALICE, wait=10) is True
    assert await backend.remember(["Vega is a falcon."], scope=ALICE, wait=10) is True
    assert (_texts(service), service.statements(ALICE)) == (["falcon 0"], ["Vega is a falcon."])
    service.script_deliver("down")
    began = time.monotonic()
    assert await backend.retain(_exchange(1), scope=ALICE, wait=10) is False
    assert time.monotonic() - began < 5  # a service that is away is not waited for
    assert await backend.remember(["So is Deneb."], scope=ALICE, wait=0.1) is False
    service.script_deliver("hanging")
    assert await backend.retain(_exchange(2), scope=Scope("alice"), wait=0.1) is False


async def test_without_waiting_it_is_durable_and_delivered_later(
    backend: QueuedBackend, service: ScriptedService
) -> None:
    assert await backend.retain(_exchange(), scope=ALICE, wait=0) is False
    assert await backend.settle(10)
    assert _texts(service) == ["falcon 0"]
    assert await backend.retain(_exchange(), scope=ALICE, wait=0) is True


async def test_what_was_put_in_is_there_though_it_can_not_be_looked_at(
    service: ScriptedService, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    service.script_deliver("down")
    async with QueuedBackend.open(service, here / "outbox.db", settings=QUICK) as backend:
        assert await backend.retain(_exchange(), scope=ALICE, wait=0) is False
        here.rename(there)  # what has not read from the file yet can't begin to
        for number in range(1, 6):
            assert await backend.retain(_exchange(number), scope=ALICE, wait=0.1) is False
        assert backend.faults.counts["wait"] >= 1
    service.script_deliver(None)
    async with QueuedBackend.open(service, there / "outbox.db", settings=QUICK) as backend:
        assert await backend.settle(10)
    assert sorted(_texts(service)) == [f"falcon {number}" for number in range(6)]


@pytest.mark.parametrize("fault", ["down", "failing", "garbage", "lost"])
async def test_what_fails_is_tried_again_and_kept_once(
    backend: QueuedBackend, service: ScriptedService, fault: Fault
) -> None:
    service.script_deliver([BackendError("at first"), fault, fault])
    for number in range(3):
        await backend.retain(_exchange(number), scope=ALICE, wait=0)
    assert await backend.settle(20)
    assert _texts(service) == [f"falcon {number}" for number in range(3)]
    assert sum(backend.faults.counts.values()) >= 2


async def test_what_arrived_is_not_delivered_again(
    backend: QueuedBackend, service: ScriptedService
) -> None:
    service.script_deliver(["lost"])
    await backend.retain(_exchange(), scope=ALICE, wait=0)
    assert await backend.settle(20)
    assert len(service.deliveries) == 1


async def test_a_service_that_can_not_look_is_given_it_again(path: Path) -> None:
    class Blind:
        """Keeps whatever comes, and can't tell what it has."""

        kind = "blind"
        identity = "blind:here"

        def __init__(self) -> None:
            self.came: list[str] = []

        async def recall(self, request: RecallRequest) -> list[Recollection]:
            del request
            return []

        async def deliver(self, delivery: Delivery) -> None:
            self.came.append(delivery.key)
            if len(self.came) == 1:
                raise BackendUnavailableError("the answer was lost")

    service = Blind()
    async with QueuedBackend.open(service, path, settings=QUICK) as backend:
        await backend.retain(_exchange(), scope=ALICE, wait=0)
        assert await backend.settle(20)
    assert service.came == ["reply-0", "reply-0"]


async def test_one_reply_in_several_scopes_is_several_exchanges(
    backend: QueuedBackend, service: ScriptedService
) -> None:
    scopes = [ALICE, Scope("alice", "cook", "monday"), Scope("alice", "clerk"), Scope("bob")]
    for scope in scopes:
        assert await backend.retain(_exchange(), scope=scope, wait=10) is True
    for scope in scopes:
        assert await service.has("reply-0", scope=scope)
    assert [delivery.scope for delivery in service.deliveries] == scopes


async def test_each_statement_is_kept_each_time(
    backend: QueuedBackend, service: ScriptedService
) -> None:
    for _ in range(2):
        assert await backend.remember(["Vega is a falcon."], scope=ALICE, wait=10)
    assert service.statements(ALICE) == ["Vega is a falcon."] * 2


async def test_what_waits_is_delivered_by_the_next_one(
    service: ScriptedService, path: Path
) -> None:
    service.script_deliver("down")
    async with QueuedBackend.open(service, path, settings=QUICK) as backend:
        for number in range(5):
            assert not await backend.retain(_exchange(number), scope=ALICE, wait=0)
        await backend.remember(["Vega is a falcon."], scope=ALICE, wait=0)
    assert _texts(service) == []
    service.script_deliver(None)
    async with QueuedBackend.open(service, path, settings=QUICK) as backend:
        assert await backend.settle(20)
    assert _texts(service) == [f"falcon {number}" for number in range(5)]
    assert service.statements(ALICE) == ["Vega is a falcon."]


async def test_another_service_is_not_given_what_waits(
    service: ScriptedService, path: Path, tmp_path: Path
) -> None:
    service.script_deliver("down")
    async with QueuedBackend.open(service, path, settings=QUICK) as backend:
        await backend.retain(_exchange(), scope=ALICE, wait=0)
    other = ScriptedService(tmp_path / "other")
    async with QueuedBackend.open(other, path, settings=QUICK) as backend:
        assert (backend.kind, backend.identity) == (other.kind, other.identity)
        await backend.retain(_exchange(1), scope=ALICE, wait=10)
        assert await backend.settle(10)
    assert _texts(other) == ["falcon 1"]


async def test_what_can_not_be_read_is_set_aside(service: ScriptedService, path: Path) -> None:
    service.script_deliver("down")
    async with QueuedBackend.open(service, path, settings=QUICK) as backend:
        await backend.retain(_exchange(), scope=ALICE, wait=0)
        await backend.retain(_exchange(1), scope=ALICE, wait=0)
    connection = apsw.Connection(str(path))
    later = json.dumps({"version": 99})
    connection.execute("UPDATE job_payloads SET payload = ? WHERE job = 1", (later,))  # pyright: ignore[reportUnknownMemberType] - apsw's
    connection.close()
    service.script_deliver(None)
    async with QueuedBackend.open(service, path, settings=QUICK) as backend:
        assert await backend.settle(20)
    assert _texts(service) == ["falcon 1"]
    parked, done = await _jobs(path)
    assert (parked.state, done.state) == ("parked", "done")
    assert parked.error_kind == "InputError"
    assert "upgrade" in str(parked.error)


async def test_what_is_refused_is_set_aside(
    backend: QueuedBackend, service: ScriptedService, path: Path
) -> None:
    service.script_deliver(["refused"])
    assert await backend.retain(_exchange(), scope=ALICE, wait=10) is False
    assert await backend.retain(_exchange(1), scope=ALICE, wait=10) is True
    parked, _ = await _jobs(path)
    assert (parked.state, parked.error_kind) == ("parked", "BackendRefusedError")
    assert await backend.retain(_exchange(), scope=ALICE, wait=0.1) is False


async def test_a_full_queue_says_so(service: ScriptedService, path: Path) -> None:
    service.script_deliver("down")
    settings = OutboxSettings(most_jobs=2, drain_seconds=0)
    async with QueuedBackend.open(service, path, settings=settings) as backend:
        for number in range(2):
            await backend.retain(_exchange(number), scope=ALICE, wait=0)
        with pytest.raises(OutboxFullError):
            await backend.retain(_exchange(2), scope=ALICE, wait=0)
        assert await backend.retain(_exchange(1), scope=ALICE, wait=0) is False


async def test_searches_go_through_and_fail_as_they_fail(
    backend: QueuedBackend, service: ScriptedService
) -> None:
    await backend.retain(_exchange(), scope=ALICE, wait=10)
    request = RecallRequest("falcon", Filter("alice"), limit=3, asking=ALICE)
    assert [hit.text for hit in await backend.recall(request)] == ["falcon 0"]
    assert service.requests == [request]
    service.script_recall("down")
    with pytest.raises(BackendUnavailableError):
        await backend.recall(request)


_CALLS: list[Callable[[QueuedBackend], Awaitable[object]]] = [
    lambda backend: backend.retain(_exchange(), scope=ALICE, wait=0),
    lambda backend: backend.remember(["Vega"], scope=ALICE, wait=0),
    lambda backend: backend.settle(1),
]


@pytest.mark.parametrize("call", _CALLS)
async def test_what_is_not_open_says_so(
    service: ScriptedService, path: Path, call: Callable[[QueuedBackend], Awaitable[object]]
) -> None:
    unopened = QueuedBackend.open(service, path)
    with pytest.raises(MemoryClosedError):
        await call(unopened)
    backend = await QueuedBackend.open(service, path)
    await backend.aclose()
    await backend.aclose()
    with pytest.raises(MemoryClosedError):
        await call(backend)


async def test_it_can_be_opened_again(service: ScriptedService, path: Path) -> None:
    backend = QueuedBackend.open(service, f"sqlite:///{path}", settings=QUICK)
    for number in range(2):
        async with backend:
            assert await backend.retain(_exchange(number), scope=ALICE, wait=10)
    assert len(_texts(service)) == 2


async def test_statements_are_checked_before_they_are_queued(
    backend: QueuedBackend, path: Path
) -> None:
    with pytest.raises(InputError):
        await backend.remember(["Vega is a falcon.", " "], scope=ALICE, wait=0)
    assert await _jobs(path) == []


async def test_a_cancelled_wait_leaves_it_in_the_queue(
    backend: QueuedBackend, service: ScriptedService
) -> None:
    reached = asyncio.Event()

    def slow(_: Delivery) -> Fault:
        reached.set()
        return 0.1

    service.script_deliver(slow)
    waiting = asyncio.create_task(backend.retain(_exchange(), scope=ALICE, wait=10))
    await reached.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await backend.settle(10)
    assert _texts(service) == ["falcon 0"]


class _Nameless:
    async def recall(self, request: RecallRequest) -> list[Recollection]:
        return []

    async def deliver(self, delivery: Delivery) -> None: ...


class _Blocking(_Nameless):
    kind = "blocking"
    identity = "blocking"

    def deliver(self, delivery: Delivery) -> None: ...  # pyright: ignore[reportIncompatibleMethodOverride] - that is what is refused


@pytest.mark.parametrize(
    ("service", "missing"), [(_Nameless(), "kind"), (_Blocking(), "async def deliver"), (5, "kind")]
)
def test_what_is_no_service_is_refused_at_once(tmp_path: Path, service: Any, missing: str) -> None:
    with pytest.raises(InputError, match=missing) as caught:
        QueuedBackend.open(service, tmp_path / "outbox.db")
    assert caught.value.field == "service"
    assert list(tmp_path.iterdir()) == []
