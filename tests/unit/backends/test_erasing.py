"""What a queue before a service that erases promises: what is erased does not come back."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from remanence import Filter, InputError, MemoryClosedError, Message, Recollection, Scope
from remanence.backends import (
    Delivery,
    Erased,
    Erases,
    Exchange,
    Forgets,
    QueuedBackend,
    RecallRequest,
)
from remanence.backends.queued import ErasingBackend
from remanence.errors import BackendError, BackendRefusedError, BackendUnavailableError
from remanence.outbox.settings import OutboxSettings
from remanence.store.audit import AuditEntry
from remanence.store.orders import NewOrder
from remanence.store.sqlite import SQLiteStore
from remanence.testing.service import ScriptedService
from remanence.types import Receipt

ALICE = Scope("alice", "clerk", "monday")
BOB = Scope("bob", "clerk", "monday")
QUICK = OutboxSettings(
    first_delay=0.01, longest_delay=0.02, poll_seconds=0.05, drain_seconds=1.0, lease_seconds=0.5
)
SECRET = "hazelnuts, of all things"


class Shop:
    """A service that erases: it keeps the texts of what it is given, each under an id.

    Attributes:
        kept: The texts, with their ids and deliveries.
        faults: What is raised instead of erasing, one a call.
        gate: What deliveries wait for.
        delivering: Set while one waits.
    """

    kind = "shop"
    identity = "shop:here"

    def __init__(self) -> None:
        self.kept: dict[str, tuple[Delivery, str]] = {}
        self.faults: collections.deque[Exception] = collections.deque()
        self.lost: collections.deque[Exception] = collections.deque()
        self.gate = asyncio.Event()
        self.gate.set()
        self.delivering = asyncio.Event()
        self.looking = asyncio.Event()
        self.look_gate = asyncio.Event()
        self.look_gate.set()
        self.erasing = asyncio.Event()
        self.erase_gate = asyncio.Event()
        self.erase_gate.set()
        self.erased = asyncio.Event()
        self.erasures = 0

    async def recall(self, request: RecallRequest) -> list[Recollection]:
        found: list[Recollection] = []
        for id_, (delivery, text) in self.kept.items():
            if delivery.scope.user_id == request.where.user_id:
                at = dt.datetime.now(dt.UTC)
                found.append(Recollection(text, "fact", id_, 1.0, at, delivery.scope))
        return found

    async def deliver(self, delivery: Delivery) -> None:
        self.delivering.set()
        await self.gate.wait()
        assert delivery.exchange is not None
        for message in delivery.exchange.messages:
            self.kept[f"id-{len(self.kept)}-{message.content}"] = (delivery, message.content)
        if self.lost:
            raise self.lost.popleft()

    async def has(self, key: str, *, scope: Scope) -> bool:
        self.looking.set()
        await self.look_gate.wait()
        return any(each.key == key and each.scope == scope for each, _ in self.kept.values())

    async def erase(self, where: Filter, ids: Sequence[str] | None) -> Erased:
        self.erasures += 1
        self.erasing.set()
        await self.erase_gate.wait()
        if self.faults:
            raise self.faults.popleft()
        gone = {
            id_: delivery.key
            for id_, (delivery, _) in self.kept.items()
            if delivery.scope.user_id == where.user_id
            and where.session_id in (None, delivery.scope.session_id)
            and (ids is None or id_ in ids)
        }
        for id_ in gone:
            del self.kept[id_]
        self.erased.set()
        return Erased(tuple(gone), frozenset(gone.values()), {"notes": len(gone), "shelves": 0})

    def texts(self, user_id: str = "alice") -> list[str]:
        return [text for each, text in self.kept.values() if each.scope.user_id == user_id]


def _exchange(text: str) -> Exchange:
    return Exchange(text, (Message("user", text, id=text),))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@pytest.fixture
def shop() -> Shop:
    return Shop()


def _queue(shop: Shop, path: Path) -> ErasingBackend:
    queue = QueuedBackend.open(shop, path, settings=QUICK)
    assert isinstance(queue, ErasingBackend)
    return queue


@pytest.fixture
async def queue(shop: Shop, path: Path) -> AsyncIterator[ErasingBackend]:
    async with _queue(shop, path) as queue:
        yield queue


async def _tell(queue: QueuedBackend, *texts: str, scope: Scope = ALICE, wait: float = 10) -> None:
    for text in texts:
        assert await queue.retain(_exchange(text), scope=scope, wait=wait) is (wait > 0)


async def _found(queue: QueuedBackend, user_id: str = "alice") -> list[str]:
    request = RecallRequest("?", Filter(user_id), limit=100, asking=ALICE)
    return [hit.text for hit in await queue.recall(request)]


async def _asked(path: Path, order: NewOrder) -> None:
    """Write an order down and do nothing more, as a process that is killed then."""
    store = SQLiteStore(path)
    await store.open()
    try:
        await store.orders.place(order)
    finally:
        await store.aclose()


async def _audit(path: Path) -> list[AuditEntry]:
    store = SQLiteStore(path)
    await store.open()
    try:
        return await store.audit.entries(None, after=0, limit=100)
    finally:
        await store.aclose()


def _in_files(path: Path, text: str) -> bool:
    return any(text.encode() in file.read_bytes() for file in path.parent.iterdir())


def _passed(receipt: Receipt) -> dict[str, bool]:
    return {check.name: check.passed for check in receipt.checks}


async def test_a_user_is_forgotten_and_others_are_not(
    queue: ErasingBackend, shop: Shop, path: Path
) -> None:
    assert isinstance(queue, Erases)
    assert isinstance(shop, Forgets)
    await _tell(queue, "one", "two")
    await _tell(queue, "three", scope=BOB)
    receipt = await queue.forget_user("alice", asked_by="Carol")
    assert (receipt.user_id, receipt.asked_by, receipt.episodes, receipt.facts) == (
        "alice",
        "Carol",
        0,
        2,
    )
    assert len(receipt.ids) == 2
    assert receipt.places == {"notes": 2, "queue": 2}
    assert _passed(receipt) == {
        "the queue has no job of it": True,
        "freed space of the queue is overwritten": True,
        "the queue's write-ahead log is empty": True,
    }
    assert receipt.complete
    assert receipt.out_of_reach
    assert receipt.seconds > 0
    assert (await _found(queue), await _found(queue, "bob")) == ([], ["three"])
    (entry,) = await _audit(path)
    assert (entry.action, entry.user_id, entry.asked_by) == ("forget", "alice", "Carol")
    assert entry.counts == receipt.places

    again = await queue.forget_user("alice")
    assert (again.ids, again.places, again.complete) == ((), {}, True)


async def test_a_session_is_forgotten(queue: ErasingBackend, shop: Shop) -> None:
    await _tell(queue, "one")
    await _tell(queue, "two", scope=dataclasses.replace(ALICE, session_id="tuesday"))
    receipt = await queue.forget(scope=ALICE)
    assert receipt.facts == 1
    assert shop.texts() == ["two"]


async def test_what_can_not_be_meant_is_refused(queue: ErasingBackend, shop: Shop) -> None:
    await _tell(queue, "one")
    with pytest.raises(InputError, match="names no session"):
        await queue.forget(scope=Scope("alice", "clerk"))
    with pytest.raises(InputError, match="ids"):
        await queue.forget("id", scope=ALICE)
    with pytest.raises(InputError, match="asked_by"):
        await queue.forget_user("alice", asked_by="")
    with pytest.raises(InputError, match="user_id"):
        await queue.forget_user("")
    assert (await queue.forget([], scope=ALICE)).ids == ()
    assert shop.texts() == ["one"]


async def test_what_waits_is_erased_and_is_in_no_file(
    queue: ErasingBackend, shop: Shop, path: Path
) -> None:
    shop.gate.clear()
    await _tell(queue, "other", scope=BOB, wait=0)
    await shop.delivering.wait()
    await _tell(queue, SECRET, f"{SECRET} again", wait=0)
    assert _in_files(path, SECRET)
    receipt = await queue.forget_user("alice")
    assert receipt.places == {"queue": 2}
    assert receipt.complete
    assert not _in_files(path, SECRET)
    shop.gate.set()
    assert await queue.settle(10)
    assert (shop.texts(), shop.texts("bob")) == ([], ["other"])
    await queue.aclose()
    assert not _in_files(path, SECRET)


async def test_what_is_being_delivered_is_called_off(queue: ErasingBackend, shop: Shop) -> None:
    shop.gate.clear()
    await _tell(queue, "one", wait=0)
    await shop.delivering.wait()
    async with asyncio.timeout(10):
        receipt = await queue.forget_user("alice")
    assert receipt.places == {"queue": 1}
    shop.gate.set()
    assert await queue.settle(10)
    assert shop.texts() == []
    assert queue.faults.counts == {}
    await _tell(queue, "two")
    assert shop.texts() == ["two"]


async def test_what_comes_later_waits_until_it_is_erased(queue: ErasingBackend, shop: Shop) -> None:
    await _tell(queue, "one")
    shop.erase_gate.clear()
    erasing = asyncio.create_task(queue.forget_user("alice"))
    await shop.erasing.wait()
    shop.delivering.clear()
    await _tell(queue, "two", wait=0)
    await _tell(queue, "three", scope=BOB)
    assert shop.texts() == ["one"]
    shop.erase_gate.set()
    assert (await erasing).facts == 1
    assert await queue.settle(10)
    assert shop.texts() == ["two"]


async def test_what_another_process_delivers_is_waited_for(
    queue: ErasingBackend, shop: Shop, path: Path
) -> None:
    there = Shop()
    there.gate.clear()
    async with _queue(there, path) as other:
        await queue.aclose()  # so that the other one takes the job
        await _tell(other, "one", wait=0)
        await there.delivering.wait()
        async with _queue(shop, path) as here:
            erasing = asyncio.create_task(here.forget_user("alice"))
            await asyncio.wait({erasing}, timeout=0.2)
            assert not erasing.done()
            assert shop.erasures == 0
            there.gate.set()
            receipt = await erasing
    assert receipt.places == {"queue": 1}
    assert shop.erasures == 1


async def test_the_lease_of_a_process_that_died_is_waited_for(shop: Shop, path: Path) -> None:
    store = SQLiteStore(path)
    await store.open()
    shop.gate.clear()
    queue = await _queue(shop, path)
    await _tell(queue, "one", wait=0)
    await shop.delivering.wait()
    await queue.aclose()
    now = dt.datetime.now(dt.UTC)
    lease = dt.timedelta(seconds=0.3)
    leased = await store.jobs.lease(
        shop.identity, owner="gone", now=now, lease=lease, longest=10 * lease, limit=1
    )
    assert len(leased) == 1
    await store.aclose()
    async with _queue(shop, path) as queue:
        receipt = await queue.forget_user("alice")
    assert receipt.places == {"queue": 1}
    assert receipt.seconds > 0.1


async def test_what_arrived_unnoticed_is_not_delivered_again_once_it_is_erased(
    queue: ErasingBackend, shop: Shop
) -> None:
    slow = dataclasses.replace(QUICK, first_delay=60.0, longest_delay=60.0)
    shop.lost.append(BackendError("the answer was lost"))
    async with QueuedBackend.open(shop, _path_of(queue), settings=slow) as slowly:
        await queue.aclose()
        assert isinstance(slowly, ErasingBackend)
        assert await slowly.retain(_exchange("one"), scope=ALICE, wait=10) is False
        (id_,) = shop.kept
        receipt = await slowly.forget([id_], scope=ALICE)
        assert receipt.places == {"notes": 1, "queue": 1}
        assert await slowly.settle(0.1)  # nothing waits
    assert shop.texts() == []


async def test_what_is_being_looked_for_is_waited_for(queue: ErasingBackend, shop: Shop) -> None:
    shop.look_gate.clear()
    shop.lost.append(BackendError("the answer was lost"))
    assert await queue.retain(_exchange("one"), scope=ALICE, wait=0) is False
    await shop.looking.wait()
    (id_,) = shop.kept
    erasing = asyncio.create_task(queue.forget([id_], scope=ALICE))
    await asyncio.wait({erasing}, timeout=0.1)
    assert shop.erasures == 0
    shop.look_gate.set()
    assert (await erasing).ids == (id_,)
    assert await queue.settle(10)
    assert shop.texts() == []


def _path_of(queue: ErasingBackend) -> Path:
    return queue._store.path  # pyright: ignore[reportPrivateUsage] - the same file, opened again


async def test_a_job_stays_whose_memories_stay(queue: ErasingBackend, shop: Shop) -> None:
    await _tell(queue, "one")
    shop.gate.clear()
    shop.delivering.clear()
    await _tell(queue, "two", wait=0)
    await shop.delivering.wait()
    (id_,) = shop.kept
    erasing = asyncio.create_task(queue.forget([id_, "id-unknown"], scope=ALICE))
    assert (await erasing).ids == (id_,)
    shop.gate.set()
    assert await queue.settle(10)
    assert shop.texts() == ["two"]


async def test_a_service_that_is_away_erases_when_it_is_back(
    queue: ErasingBackend, shop: Shop, path: Path
) -> None:
    await _tell(queue, "one")
    await _tell(queue, "other", scope=BOB)
    shop.faults.extend([BackendUnavailableError("away"), BackendError("failing")])
    with pytest.raises(BackendUnavailableError, match="away"):
        await queue.forget_user("alice", asked_by="Carol")
    assert await _found(queue, "bob") == ["other"]
    with pytest.raises(BackendError, match="failing"):
        await _found(queue)
    assert await _found(queue) == []
    (entry,) = await _audit(path)
    assert entry.asked_by == "Carol"


async def test_it_is_tried_again_when_nobody_asks(
    shop: Shop, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remanence.backends.erasing._FIRST_PAUSE", 0.01)
    async with _queue(shop, path) as queue:
        await _tell(queue, "one")
        shop.faults.extend([BackendUnavailableError("away")] * 3)
        with pytest.raises(BackendUnavailableError):
            await queue.forget_user("alice")
        async with asyncio.timeout(10):
            await shop.erased.wait()
        assert queue.faults.counts["erasure"] == 2


async def test_what_a_service_never_erases_is_not_asked_for_again(
    queue: ErasingBackend, shop: Shop
) -> None:
    await _tell(queue, "one")
    shop.faults.append(BackendRefusedError("never"))
    with pytest.raises(BackendRefusedError, match="never"):
        await queue.forget_user("alice")
    assert await _found(queue) == ["one"]
    assert shop.erasures == 1


@pytest.mark.parametrize("ids", [None, ("id-0-one",)])
async def test_what_a_process_left_undone_is_done_before_anything_is_recalled(
    shop: Shop, path: Path, ids: tuple[str, ...] | None
) -> None:
    async with _queue(shop, path) as queue:
        await _tell(queue, "one")
        await _tell(queue, "other", scope=BOB)
    now = dt.datetime.now(dt.UTC)
    await _asked(path, NewOrder(shop.identity, Filter("alice"), ids, now, "Carol"))
    await _asked(path, NewOrder("elsewhere", Filter("bob"), None, now))
    async with _queue(shop, path) as queue:
        assert await _found(queue) == []
        assert await _found(queue, "bob") == ["other"]
    (entry,) = await _audit(path)
    assert (entry.user_id, entry.asked_by) == ("alice", "Carol")


async def test_what_a_process_left_undone_is_done_when_the_queue_is_opened(
    shop: Shop, path: Path
) -> None:
    async with _queue(shop, path) as queue:
        await _tell(queue, "one")
    await _asked(path, NewOrder(shop.identity, Filter("alice"), None, dt.datetime.now(dt.UTC)))
    async with _queue(shop, path):
        async with asyncio.timeout(10):
            await shop.erased.wait()
    assert shop.kept == {}


async def test_it_goes_on_when_whoever_asked_gives_up(queue: ErasingBackend, shop: Shop) -> None:
    await _tell(queue, "one")
    shop.erase_gate.clear()
    erasing = asyncio.create_task(queue.forget_user("alice"))
    await shop.erasing.wait()
    erasing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await erasing
    recalling = asyncio.create_task(_found(queue))
    shop.erase_gate.set()
    assert await recalling == []
    assert shop.erasures == 1  # by the one that was begun


def test_it_goes_on_in_the_next_event_loop(path: Path) -> None:
    shop, left = asyncio.run(_left(path))

    async def again() -> list[str]:
        shop.erase_gate = asyncio.Event()
        shop.erase_gate.set()
        shop.gate = asyncio.Event()
        shop.gate.set()
        async with _queue(shop, path) as queue:
            return await _found(queue)

    assert shop.texts() == ["one"]
    assert asyncio.run(again()) == []
    asyncio.run(left.aclose())


async def _left(path: Path) -> tuple[Shop, ErasingBackend]:
    """Leave an event loop in the middle of an erasure."""
    shop = Shop()
    queue = await _queue(shop, path)
    await _tell(queue, "one")
    shop.erase_gate.clear()
    shop.left = asyncio.create_task(queue.forget_user("alice"))  # pyright: ignore[reportAttributeAccessIssue] - kept from being collected
    await shop.erasing.wait()
    return shop, queue


async def test_a_service_that_does_not_erase_has_a_queue_that_does_not(path: Path) -> None:
    async with QueuedBackend.open(ScriptedService(), path) as queue:
        assert not isinstance(queue, Erases)
    with pytest.raises(InputError, match="erase"):
        ErasingBackend.open(ScriptedService(), path)


async def test_it_has_to_be_open(queue: ErasingBackend) -> None:
    await queue.aclose()
    with pytest.raises(MemoryClosedError):
        await queue.forget_user("alice")
    with pytest.raises(MemoryClosedError):
        await queue.forget(["one"], scope=ALICE)
