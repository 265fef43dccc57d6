"""What the embedded store does beyond the contract: its log, its lock, its groups."""

import asyncio
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from remanence import Memory, Message, Scope, StoreBusyError

ALICE = Scope("alice", session_id="monday")
HELLO = Message("user", "hello")


@contextmanager
def _transaction(database: Path, begin: str) -> Generator[None]:
    """Have another connection in a transaction."""
    connection = apsw.Connection(str(database))
    try:
        for statement in (begin, "SELECT count(*) FROM episodes"):
            connection.execute(statement).fetchall()  # pyright: ignore[reportUnknownMemberType]
        yield
    finally:
        connection.close()


def _log(database: Path) -> int:
    return Path(f"{database}-wal").stat().st_size


async def test_writes_that_come_together_share_a_commit(memory: Memory) -> None:
    await asyncio.gather(*(memory.observe(HELLO, scope=ALICE) for _ in range(200)))
    stats = await memory.stats()
    assert stats.episodes == 200
    assert stats.commits <= 20


async def test_the_log_is_emptied_in_a_pause(memory: Memory, database: Path) -> None:
    await memory.observe(HELLO, scope=ALICE)
    assert _log(database) > 0
    for _ in range(40):
        await asyncio.sleep(0.1)
        if not _log(database):
            break
    assert _log(database) == 0


async def test_the_log_does_not_grow_without_a_pause(memory: Memory, database: Path) -> None:
    large = [Message("user", "x" * 100_000)] * 10
    for _ in range(20):
        await memory.observe(large, scope=ALICE)
    assert _log(database) < 16_000_000


async def test_the_log_is_empty_after_an_erasure(memory: Memory, database: Path) -> None:
    await memory.observe(HELLO, scope=ALICE)
    receipt = await memory.forget_user("alice")
    assert receipt.complete
    assert _log(database) == 0


async def test_a_reader_elsewhere_holds_nobody_up(memory: Memory, database: Path) -> None:
    (first,) = await memory.observe(HELLO, scope=ALICE)
    with _transaction(database, "BEGIN"):
        await memory.observe(HELLO, scope=ALICE)
        await asyncio.sleep(1.3)  # the writer tries to empty the log meanwhile
        began = time.monotonic()
        await memory.observe(HELLO, scope=ALICE)
        assert time.monotonic() - began < 1
        receipt = await memory.forget([first.id], scope=ALICE)
        assert receipt.episodes == 1
        assert not receipt.complete
        assert time.monotonic() - began < 5
    assert (await memory.forget(scope=ALICE)).complete


async def test_a_lock_elsewhere_refuses_all_who_wait_at_once(database: Path) -> None:
    async with Memory.open(database, busy_timeout=0.3) as memory:
        with _transaction(database, "BEGIN IMMEDIATE"):
            began = time.monotonic()
            outcomes = await asyncio.gather(
                *(memory.observe(HELLO, scope=ALICE) for _ in range(20)), return_exceptions=True
            )
            assert time.monotonic() - began < 2
        assert all(isinstance(outcome, StoreBusyError) for outcome in outcomes)
        await memory.observe(HELLO, scope=ALICE)
        assert (await memory.stats()).episodes == 1


async def test_closing_is_not_held_up_by_a_reader(database: Path) -> None:
    async with Memory.open(database) as memory:
        await memory.observe(HELLO, scope=ALICE)
        with _transaction(database, "BEGIN"):
            await memory.observe(HELLO, scope=ALICE)
            began = time.monotonic()
            await memory.aclose()
            assert time.monotonic() - began < 2
    async with Memory.open(database) as memory:
        assert (await memory.stats()).episodes == 2


async def test_ids_are_found_quickly_among_many(memory: Memory) -> None:
    messages = [Message("user", f"note {number}") for number in range(8_000)]
    episodes = await memory.observe(messages, scope=ALICE)
    began = time.monotonic()
    for episode in episodes[::1000]:
        assert await memory.get(episode.id, scope=ALICE) == episode
    assert len(await memory.recall("note", scope=ALICE, exclude=[episodes[0].id])) == 10
    assert (await memory.forget([episodes[1].id], scope=ALICE)).episodes == 1
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("forgotten", [9_500, 10_500])
async def test_an_index_follows_many_removals(database: Path, forgotten: int) -> None:
    """More removals than are logged make other indexes rebuild."""
    messages = [Message("user", f"note {number}") for number in range(forgotten + 3)]
    async with Memory.open(database) as memory, Memory.open(database) as other:
        episodes = await memory.observe(messages, scope=ALICE)
        assert len(await other.recall("note", scope=ALICE, limit=1000)) == 1000
        receipt = await memory.forget([e.id for e in episodes[:forgotten]], scope=ALICE)
        assert receipt.episodes == forgotten
        for each in (memory, other):
            hits = await each.recall("note", scope=ALICE)
            assert {hit.id for hit in hits} == {e.id for e in episodes[forgotten:]}
