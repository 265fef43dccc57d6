"""A worker process that does what it is told: ``python -m evals.scale.postgres.worker``.

Each line of its standard input is a task in JSON: its name, and its arguments. What came of it is a
line as well.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import psycopg

from evals.madeup import MadeUpEmbedder
from evals.perf.measures import Stopwatch
from evals.resident import resident_bytes
from evals.scale.postgres.crowd import Crowd
from remanence import Memory, Message, Scope

__all__ = ["Worker"]

_INDEX_BYTES = 4 * 1024**3
"""So much that nothing leaves the memory while it is measured."""

_EPISODES_AT_ONCE = 2_000
_SETTLE_SECONDS = 3_600.0

Answer = dict[str, Any]
Act = Callable[[int], Awaitable[object]]


class Worker:
    """What a process does with a memory.

    Args:
        memory: The memory, an open one.
        location: Where it is.
        users: How many users there are.
        episodes: How many episodes each of them has.
        number: The worker's own.
        asked: How many users it asks about.
    """

    def __init__(
        self, memory: Memory, location: str, *, users: int, episodes: int, number: int, asked: int
    ) -> None:
        """Choose whom to ask about."""
        self._memory = memory
        self._location = location
        self._users = users
        self._number = number
        self._crowd = Crowd(episodes)
        self._draw = random.Random(number)
        self._written = itertools.count()
        self._asked = self._draw.sample(range(users), min(users, asked))

    async def round_trip(self, *, count: int) -> Answer:
        """Ask the server for nothing, on a connection like the store's."""
        times: list[float] = []
        with (
            psycopg.connect(self._location, autocommit=True, prepare_threshold=None) as connection,
            Stopwatch() as watch,
        ):
            for _ in range(count):
                began = time.perf_counter()
                connection.execute("SELECT 1").fetchone()
                times.append(1000 * (time.perf_counter() - began))
        return _answer(watch, times)

    async def load(self, *, first: int, last: int) -> Answer:
        """Store all that some users have said, many of them a call."""
        times: list[float] = []
        count = 0
        with Stopwatch() as watch:
            for batch in self._batches(range(first, last)):
                began = time.perf_counter()
                await self._memory.observe_all(batch)
                times.append(1000 * (time.perf_counter() - began))
                count += sum(len(conversation.messages) for conversation in batch)
        return {**_answer(watch, times), "count": count}

    async def observe(self, *, seconds: float, callers: int) -> Answer:
        """Store messages of any users, one a call."""
        return await self._again(seconds, callers, self._observe, range(self._users))

    async def first_touch(self) -> Answer:
        """Search once for each user that is asked about; tell what the indexes take."""
        scope = self._crowd.scope(self._asked[0])
        before = resident_bytes()
        times: list[float] = []
        with Stopwatch() as watch:
            for user in self._asked:
                began = time.perf_counter()
                await self._recall(user)
                times.append(1000 * (time.perf_counter() - began))
        grown = resident_bytes() - before
        stats = await self._memory.stats(scope=scope)
        return {
            **_answer(watch, times),
            "index_bytes": stats.index_bytes / len(self._asked),
            "resident_bytes": grown / len(self._asked),
        }

    async def recall(self, *, seconds: float, callers: int) -> Answer:
        """Search for the users that are asked about."""
        return await self._again(seconds, callers, self._recall, self._asked)

    async def mix(self, *, seconds: float, shared: bool, writes: float) -> Answer:
        """Search, and write now and then, for users of its own or for the same as others do."""
        draw = random.Random(0)
        whom = draw.sample(range(self._users), min(self._users, len(self._asked)))
        mine = whom if shared else whom[self._number :: 2]
        for user in mine:
            await self._recall(user)
        times: list[float] = []
        ends = time.perf_counter() + seconds
        with Stopwatch() as watch:
            while (began := time.perf_counter()) < ends:
                user = self._draw.choice(mine)
                if self._draw.random() < writes:
                    await self._observe(user)
                else:
                    await self._recall(user)
                    times.append(1000 * (time.perf_counter() - began))
        return _answer(watch, times)

    async def recall_each(self, *, users: Sequence[int]) -> Answer:
        """Search once for each of these users."""
        return await self._each(users, self._recall)

    async def observe_each(self, *, users: Sequence[int]) -> Answer:
        """Store a message of each of these users."""
        return await self._each(users, self._observe)

    async def settle(self) -> Answer:
        """Wait for the background's work."""
        with Stopwatch() as watch:
            assert await self._memory.settle(_SETTLE_SECONDS)
        return _answer(watch, [1000 * watch.wall])

    def _batches(self, users: Iterable[int]) -> Iterable[list[Any]]:
        batch: list[Any] = []
        held = 0
        for user in users:
            for conversation in self._crowd.conversations(user):
                batch.append(conversation)
                held += len(conversation.messages)
                if held >= _EPISODES_AT_ONCE:
                    yield batch
                    batch, held = [], 0
        if batch:
            yield batch

    async def _again(self, seconds: float, callers: int, act: Act, users: Sequence[int]) -> Answer:
        """Do something for users taken at random, by several callers, for some time."""
        times: list[float] = []
        ends = time.perf_counter() + seconds

        async def call() -> None:
            while (began := time.perf_counter()) < ends:
                await act(self._draw.choice(users))
                times.append(1000 * (time.perf_counter() - began))

        with Stopwatch() as watch:
            await asyncio.gather(*(call() for _ in range(callers)))
        return _answer(watch, times)

    async def _each(self, users: Sequence[int], act: Act) -> Answer:
        times: list[float] = []
        with Stopwatch() as watch:
            for user in users:
                began = time.perf_counter()
                await act(user)
                times.append(1000 * (time.perf_counter() - began))
        return _answer(watch, times)

    async def _observe(self, user: int) -> None:
        text = self._crowd.turn(user, self._draw.randrange(1_000_000))
        name = f"{os.getpid()}-{next(self._written)}"
        await self._memory.observe(Message("user", text, id=name), scope=self._crowd.scope(user))

    async def _recall(self, user: int) -> None:
        question = self._crowd.question(user, self._draw)
        whose = Scope(self._crowd.name(user))
        assert await self._memory.recall(question, scope=whose), question


def _answer(watch: Stopwatch, times: Sequence[float]) -> Answer:
    return {
        "count": len(times),
        "wall": watch.wall,
        "processor": watch.processor,
        "times": [round(each, 4) for each in times],
    }


async def _serve(told: argparse.Namespace) -> None:
    embedder = MadeUpEmbedder() if told.vectors else None
    async with Memory.open(told.location, embedder=embedder, index_bytes=_INDEX_BYTES) as memory:
        worker = Worker(
            memory,
            told.location,
            users=told.users,
            episodes=told.episodes,
            number=told.number,
            asked=told.asked,
        )
        print(json.dumps({"ready": True}), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            task = json.loads(line)
            answer = await getattr(worker, task.pop("task"))(**task)
            print(json.dumps(answer), flush=True)


def main() -> None:
    """Serve until the standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m evals.scale.postgres.worker")
    parser.add_argument("--location", required=True)
    parser.add_argument("--users", type=int, required=True)
    parser.add_argument("--episodes", type=int, required=True)
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--asked", type=int, required=True)
    parser.add_argument("--vectors", action="store_true")
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
