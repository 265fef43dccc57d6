"""What is cancelled halfway leaves nothing behind, and hides nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw
import pytest

from remanence import Memory, Message, Scope
from remanence.index.cache import IndexCache
from remanence.store.protocol import Changes, Head
from remanence.store.sqlite import SQLiteStore

ALICE = Scope("alice")


async def _nothing(user_id: str) -> None:
    del user_id


def _told(count: int) -> Sequence[Message]:
    return [Message("user", f"Nora planted tulip number {number}.") for number in range(count)]


def _own_threads() -> int:
    return sum(thread.name.startswith("remanence") for thread in threading.enumerate())


def _has_log(database: Path) -> bool:
    return Path(f"{database}-wal").exists()


class _GatedStore(SQLiteStore):
    """Lets a test decide when a load may go on."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def changes(self, user_id: str, since: Head, *, limit: int) -> Changes:
        found = await super().changes(user_id, since, limit=limit)
        self.asked.set()
        await self.go_on.wait()
        return found


async def test_a_search_after_a_cancelled_one_sees_everything(database: Path) -> None:
    async with Memory.open(database) as memory:
        await memory.observe(_told(2), scope=ALICE)
        store = _GatedStore(database)
        await store.open()
        cache = IndexCache(store, store.vectors, most_bytes=10**9, take_up=_nothing)
        index = await cache.current("alice")
        since = index.head
        await memory.observe(_told(1), scope=ALICE)
        # What a load that was cancelled has in its hands, and applies in its thread all the same.
        old_news = await store.changes("alice", since, limit=100)
        await memory.observe(_told(1), scope=ALICE)

        store.asked.clear()
        store.go_on.clear()
        search = asyncio.create_task(cache.current("alice"))
        await store.asked.wait()
        assert index.apply(since, old_news)
        store.go_on.set()

        assert len(await search) == 4
        await store.aclose()


async def test_a_receipt_is_true_when_it_is_asked_for_again(database: Path) -> None:
    async with Memory.open(database) as memory:
        await memory.observe(_told(3), scope=ALICE)
        reader: Any = apsw.Connection(str(database))
        reader.execute("BEGIN; SELECT count(*) FROM episodes").fetchall()

        assert not (await memory.forget_user("alice")).complete
        assert not (await memory.forget_user("alice")).complete
        reader.close()
        receipt = await memory.forget_user("alice")

    assert receipt.episodes == 0
    assert receipt.complete


async def test_closing_goes_on_when_it_is_cancelled(database: Path) -> None:
    memory = await Memory.open(database)
    await memory.observe(_told(3), scope=ALICE)

    closing = asyncio.create_task(memory.aclose())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing

    await memory.aclose()
    assert _own_threads() == 0
    assert not _has_log(database)


async def test_opening_that_is_cancelled_leaves_nothing_open(database: Path) -> None:
    opening = asyncio.ensure_future(Memory.open(database).__aenter__())
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening

    for _ in range(500):
        if not _own_threads() and not _has_log(database):
            break
        await asyncio.sleep(0.01)
    assert _own_threads() == 0


async def test_opening_again_in_vain_does_not_close_what_is_open(database: Path) -> None:
    async with Memory.open(database) as memory:
        again = asyncio.ensure_future(memory.__aenter__())
        await asyncio.sleep(0)
        again.cancel()
        with pytest.raises(asyncio.CancelledError):
            await again
        await asyncio.sleep(0.3)

        assert len(await memory.observe(_told(3), scope=ALICE)) == 3


async def test_opening_that_is_cancelled_does_not_close_what_another_opened(
    database: Path,
) -> None:
    """Whoever comes first may leave before the file is open."""
    async with Memory.open(database):
        pass
    blocker: Any = apsw.Connection(str(database))  # its stubs are incomplete
    blocker.pragma("locking_mode", "exclusive")
    blocker.execute("BEGIN EXCLUSIVE")
    memory = Memory.open(database)
    first = asyncio.ensure_future(memory.__aenter__())
    await asyncio.sleep(0.05)
    first.cancel()
    second = asyncio.ensure_future(memory.__aenter__())
    await asyncio.sleep(0.05)
    blocker.execute("COMMIT")
    blocker.close()
    with pytest.raises(asyncio.CancelledError):
        await first
    await second
    await asyncio.sleep(0.3)

    assert len(await memory.observe(_told(3), scope=ALICE)) == 3
    await memory.aclose()
    assert _own_threads() == 0


async def test_opening_twice_opens_once(database: Path) -> None:
    memory = Memory.open(database)
    await asyncio.gather(memory.__aenter__(), memory.__aenter__())
    threads = _own_threads()
    await memory.aclose()

    assert threads == 3
    assert _own_threads() == 0


async def test_strangers_take_no_room(database: Path) -> None:
    async with Memory.open(database) as memory:
        for number in range(50):
            assert await memory.recall("tulip", scope=Scope(f"stranger{number}")) == []
        assert (await memory.stats()).index_bytes == 0
