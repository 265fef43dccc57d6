"""Processes that end in the middle, and that use one file at once."""

from __future__ import annotations

import asyncio
import functools
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from remanence import Episode, Memory, Message, Scope
from remanence.store.sqlite.inspection import inspect
from tests.acceptance.killing import killed

ALICE = Scope("alice", session_id="monday")
ROUNDS = 5


async def _write_until_killed(path: Path, key: bytes, round_: int, pipe: int) -> None:
    async def write(writer: int) -> None:
        number = 0
        while True:
            id_ = f"{round_}/{writer}/{number}"
            await memory.observe(Message("user", f"parcel {id_}", id=id_), scope=ALICE)
            os.write(pipe, f"{id_}\n".encode())
            number += 1

    async with Memory.open(path, key=key) as memory, asyncio.TaskGroup() as group:
        for writer in range(8):
            group.create_task(write(writer))


async def _message_ids(path: Path, key: str | bytes) -> list[str]:
    async with Memory.open(path, key=key) as memory:
        items = (await memory.list(scope=ALICE, limit=10_000)).items
    return [str(item.message_id) for item in items if isinstance(item, Episode)]


def test_what_was_acknowledged_survives_kill_9(database: Path, key: bytes) -> None:
    acknowledged: set[str] = set()
    for round_ in range(ROUNDS):
        work = functools.partial(_write_until_killed, database, key, round_)
        acknowledged |= set(killed(work, delay=0.05))
        assert Path(f"{database}-wal").stat().st_size > 0
        seen = inspect(database, key=key, thorough=True)
        assert (seen.damage, seen.encrypted) == ((), True)
        stored = asyncio.run(_message_ids(database, key))
        assert acknowledged <= set(stored)
        assert len(stored) == len(set(stored))
    assert len(acknowledged) > ROUNDS


WRITING = """
import asyncio, sys
from remanence import Memory, Message, Scope

async def write(path, key, name):
    async with Memory.open(path, key=key) as memory:
        for number in range(30):
            id_ = f"{name}/{number}"
            await memory.observe(
                Message("user", f"parcel {id_}", id=id_), scope=Scope("alice", session_id="monday")
            )
            await memory.recall("parcel", scope=Scope("alice"))

asyncio.run(write(*sys.argv[1:]))
"""


def test_processes_that_begin_a_file_together(
    database: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    key = "seven ducks in a tollhouse"
    processes = [start_python("-c", WRITING, database, key, name) for name in ("a", "b", "c")]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "")
    stored = asyncio.run(_message_ids(database, key))
    assert sorted(stored) == sorted(f"{n}/{i}" for n in "abc" for i in range(30))
