"""Moves in from mem0 until it is killed: ``python -m tests.moving.move_mem0 FOLDER DATABASE STOP``.

It writes a line when as many items as ``STOP`` says are in, and waits there.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
import time
from pathlib import Path

from remanence import Memory
from remanence.moving.mem0 import read_mem0
from remanence.moving.moving import move_in


async def _move(folder: str, database: str, stop: str) -> None:
    def pause(done: int, _: int) -> None:
        if done >= int(stop):
            print(done, flush=True)
            time.sleep(600)

    arrivals = read_mem0(Path(folder), user_id=None, now=dt.datetime.now(dt.UTC))
    print("read", flush=True)
    async with Memory.open(database) as memory:
        await move_in(arrivals, memory, progress=pause)


if __name__ == "__main__":
    asyncio.run(_move(*sys.argv[1:]))
