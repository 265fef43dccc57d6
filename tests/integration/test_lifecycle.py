"""Opening, closing, forking, several event loops, and leaving without a word."""

import asyncio
import os
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from remanence import Memory, MemoryClosedError, Message, Scope

ALICE = Scope("alice", session_id="monday")
HELLO = Message("user", "hello")

CALLS: list[Callable[[Memory], Awaitable[object]]] = [
    lambda memory: memory.observe(HELLO, scope=ALICE),
    lambda memory: memory.remember("hello", scope=ALICE),
    lambda memory: memory.recall("hello", scope=ALICE),
    lambda memory: memory.get("x", scope=ALICE),
    lambda memory: memory.list(scope=ALICE),
    lambda memory: memory.episode_ids(["x"], scope=ALICE),
    lambda memory: memory.stats(),
    lambda memory: memory.forget(["x"], scope=ALICE),
    lambda memory: memory.forget_user("alice"),
]


async def _is_refused_everywhere(memory: Memory) -> bool:
    for call in CALLS:
        with pytest.raises(MemoryClosedError, match="open"):
            await call(memory)
    return True


def test_a_memory_that_was_not_opened(database: Path) -> None:
    assert asyncio.run(_is_refused_everywhere(Memory.open(database)))
    assert not database.exists()


async def test_a_memory_that_was_closed(database: Path) -> None:
    memory = await Memory.open(database)
    await memory.aclose()
    await memory.aclose()
    assert await _is_refused_everywhere(memory)


async def test_a_memory_that_was_closed_can_be_opened_again(database: Path) -> None:
    memory = Memory.open(database)
    for expected in (1, 2):
        async with memory:
            await memory.observe(HELLO, scope=ALICE)
            assert (await memory.stats()).episodes == expected
            assert len(await memory.recall("hello", scope=ALICE)) == expected


async def test_what_was_begun_before_closing_is_finished(database: Path) -> None:
    memory = await Memory.open(database)
    begun = [
        asyncio.create_task(memory.observe(Message("user", str(i)), scope=ALICE)) for i in range(50)
    ]
    await asyncio.sleep(0)
    await memory.aclose()
    await asyncio.gather(*begun)
    async with Memory.open(database) as memory:
        assert (await memory.stats()).episodes == 50


FORKED = """
import asyncio, os, sys, traceback
from remanence import Memory, MemoryClosedError, Message, Scope

ALICE = Scope("alice", session_id="monday")

async def use(memory):
    for call in (memory.observe(Message("user", "child"), scope=ALICE), memory.stats(),
                 memory.recall("hello", scope=ALICE), memory.forget_user("alice")):
        try:
            await call
        except MemoryClosedError as error:
            assert "open it again" in str(error), error
        else:
            raise AssertionError("the parent's memory worked in the child")
    await memory.aclose()
    async with Memory.open(sys.argv[1]) as own:
        await own.observe(Message("user", "child"), scope=ALICE)

async def open_and_say():
    memory = await Memory.open(sys.argv[1])
    await memory.observe(Message("user", "hello"), scope=ALICE)
    return memory

runner = asyncio.Runner()
memory = runner.run(open_and_say())
child = os.fork()
if child == 0:
    try:
        asyncio.run(use(memory))
        code = 0
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stderr.flush()
    os._exit(code)
_, status = os.waitpid(child, 0)
assert status == 0, status
runner.run(memory.observe(Message("user", "parent"), scope=ALICE))
assert runner.run(memory.stats()).episodes == 3
runner.run(memory.aclose())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_after_a_fork_the_child_has_to_open_again(
    database: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = run_python("-c", FORKED, database)
    assert done.returncode == 0, done.stderr


async def test_two_event_loops_at_the_same_time(memory: Memory) -> None:
    errors: list[BaseException] = []

    async def use(name: str) -> None:
        scope = Scope("alice", session_id=name)
        for i in range(40):
            await memory.observe(Message("user", f"{name} says {i}"), scope=scope)
            hits = await memory.recall(f"{name} {i}", scope=scope, limit=1)
            assert [hit.text for hit in hits] == [f"{name} says {i}"]

    def in_a_thread(name: str) -> None:
        try:
            asyncio.run(use(name))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=in_a_thread, args=(name,)) for name in ("left", "right")]
    for thread in threads:
        thread.start()
    await use("middle")
    for thread in threads:
        await asyncio.to_thread(thread.join)
    assert errors == []
    assert (await memory.stats()).episodes == 120


async def test_a_cancelled_call_leaves_the_memory_usable(memory: Memory) -> None:
    await memory.observe([Message("user", f"hello {i}") for i in range(100)], scope=ALICE)
    for _ in range(20):
        calls: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(memory.recall("hello", scope=ALICE)),
            asyncio.ensure_future(memory.observe(HELLO, scope=ALICE)),
        ]
        await asyncio.sleep(0)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
    assert await memory.recall("hello", scope=ALICE)
    (episode,) = await memory.observe(HELLO, scope=ALICE)
    assert episode.position + 1 == (await memory.stats()).episodes


LEAVING = """
import asyncio, sys
from remanence import Memory, Message, Scope

async def main():
    memory = await Memory.open(sys.argv[1])
    await memory.observe(Message("user", "hello"), scope=Scope("alice"))
    await memory.recall("hello", scope=Scope("alice"))
    print("done", flush=True)

asyncio.run(main())
"""


async def test_leaving_without_closing(
    database: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    with start_python("-c", LEAVING, database) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "done\n"
        began = time.monotonic()
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert time.monotonic() - began < 2
    async with Memory.open(database) as memory:
        assert [hit.text for hit in await memory.recall("hello", scope=Scope("alice"))] == ["hello"]


HOLDING = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()  # until the other process has gone
"""

LEAVING_IN_A_WRITE = """
import asyncio, subprocess, sys
from remanence import Memory, Message, Scope

async def main(path, holding):
    memory = await Memory.open(path)
    holder = subprocess.Popen(
        [sys.executable, "-c", holding, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout.readline() == b"held\\n"
    writing = asyncio.ensure_future(
        memory.observe(Message("user", "too late"), scope=Scope("alice"))
    )
    await asyncio.sleep(0.3)
    assert not writing.done()
    print("leaving", flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_leaving_while_another_process_holds_the_lock(
    database: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    async with Memory.open(database) as memory:
        await memory.observe(HELLO, scope=ALICE)
    with start_python("-c", LEAVING_IN_A_WRITE, database, HOLDING) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "leaving\n"
        began = time.monotonic()
        assert process.wait(timeout=20) == 0
    assert time.monotonic() - began < 2
    async with Memory.open(database) as memory:
        assert (await memory.stats()).episodes == 1
