"""Whoever holds one user's rows for long holds up nobody else, and no order is lost."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from remanence import Filter, Memory, Message, Scope, StoreBusyError


@pytest.fixture
def kind() -> str:
    return "bytea"  # there are no vectors here


@pytest.fixture
async def memory(database: str) -> AsyncIterator[Memory]:
    async with Memory.open(database, busy_timeout=20) as memory:
        yield memory


def _hold(url: str, user_id: str) -> psycopg.Connection[tuple[object, ...]]:
    """Take a user's row as somebody does who forgets to commit."""
    connection = psycopg.connect(url)
    connection.execute("SELECT set_config('role', 'remanence_app', true)")
    connection.execute("SELECT set_config('remanence.user_id', %s, true)", (user_id,))
    connection.execute("SELECT 1 FROM remanence.users WHERE user_id = %s FOR UPDATE", (user_id,))
    return connection


async def test_others_go_on_while_one_users_rows_are_held(memory: Memory, database: str) -> None:
    users = [f"user {number}" for number in range(6)]
    for user in users:
        await memory.observe(Message("user", "first"), scope=Scope(user))
    holder = await asyncio.to_thread(_hold, database, "user 0")
    try:
        held = [
            asyncio.create_task(memory.observe(Message("user", f"held {n}"), scope=Scope("user 0")))
            for n in range(5)
        ]
        for _ in range(3):
            others = (memory.observe(Message("user", "more"), scope=Scope(u)) for u in users[1:])
            async with asyncio.timeout(10):  # far below the patience with the one that is held
                await asyncio.gather(*others)
        assert not any(task.done() for task in held)
    finally:
        await asyncio.to_thread(holder.close)
    await asyncio.gather(*held)

    page = await memory.list(scope=Filter("user 0"))
    assert [getattr(item, "content", None) for item in page.items] == [
        "first",
        *(f"held {n}" for n in range(5)),
    ]


async def test_who_waits_too_long_is_told(database: str) -> None:
    async with Memory.open(database, busy_timeout=1.5) as memory:
        await memory.observe(Message("user", "first"), scope=Scope("alice"))
        holder = await asyncio.to_thread(_hold, database, "alice")
        try:
            with pytest.raises(StoreBusyError, match="holds these rows"):
                await memory.observe(Message("user", "second"), scope=Scope("alice"))
        finally:
            await asyncio.to_thread(holder.close)
        await memory.observe(Message("user", "third"), scope=Scope("alice"))

        page = await memory.list(scope=Filter("alice"))
        assert [getattr(item, "content", None) for item in page.items] == ["first", "third"]


async def test_closing_waits_for_what_was_put_off(database: str) -> None:
    memory = await Memory.open(database, busy_timeout=20)
    await memory.observe(Message("user", "first"), scope=Scope("alice"))
    holder = await asyncio.to_thread(_hold, database, "alice")
    writing = asyncio.create_task(memory.observe(Message("user", "second"), scope=Scope("alice")))
    await asyncio.sleep(0)
    closing = asyncio.create_task(memory.aclose())
    await asyncio.sleep(0)
    await asyncio.to_thread(holder.close)
    await closing

    (stored,) = await writing
    assert stored.content == "second"
