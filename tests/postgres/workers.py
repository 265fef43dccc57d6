"""A process that works with a database as it is told, line by line: a worker of its own.

Run as ``python -m tests.postgres.workers URL``. Each line it is given is a JSON array of the name
of a method of :class:`Worker` and its arguments by name; it answers each with a line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self

from remanence import Memory, Message, Scope
from remanence.outbox import Outbox, OutboxSettings
from remanence.store.jobs import LeasedJob
from remanence.store.postgres import PostgresStore

__all__ = ["DESTINATION", "Other", "until"]

DESTINATION = "elsewhere"
_ROOT = Path(__file__).parent.parent.parent


class Worker:
    """What a process does."""

    def __init__(self, url: str) -> None:
        """Nothing is opened yet."""
        self._url = url
        self._memory: Memory | None = None
        self._store = PostgresStore(url)
        self._outbox: Outbox | None = None
        self._writing: asyncio.Task[None] | None = None
        self._written = 0

    async def open(self) -> None:
        self._memory = await Memory.open(self._url)

    @property
    def memory(self) -> Memory:
        assert self._memory is not None
        return self._memory

    async def observe(self, content: str, user: str = "alice") -> str:
        scope = Scope(user, session_id="other")
        (episode,) = await self.memory.observe(Message("user", content), scope=scope)
        return episode.id

    async def remember(self, text: str, attribute: str | None = None) -> str:
        fact = await self.memory.remember(text, scope=Scope("alice"), attribute=attribute)
        return fact.id

    async def correct(self, id: str, text: str) -> None:  # noqa: A002 - the field's name
        await self.memory.correct(id, text, scope=Scope("alice"))

    async def forget(self, id: str) -> None:  # noqa: A002 - the field's name
        await self.memory.forget([id], scope=Scope("alice"))

    async def recall(self, question: str) -> list[str]:
        return [hit.text for hit in await self.memory.recall(question, scope=Scope("alice"))]

    async def keep_writing(self) -> None:
        """Write and recall, until told to stop."""

        async def write() -> None:
            while True:
                await self.observe(f"The kettle {self._written} whistles.")
                assert await self.recall(f"What does kettle {self._written} do?")
                self._written += 1

        self._writing = asyncio.create_task(write())

    async def written(self) -> int:
        """Return how much was written, if nothing has failed."""
        assert self._writing is not None
        if self._writing.done():
            self._writing.result()
        return self._written

    async def deliver(
        self,
        log: str,
        name: str,
        poll: float,
        lease: float = 30.0,
        *,
        at_once: int = 4,
        hangs: bool = False,
    ) -> None:
        """Deliver jobs, each as a line of a file; or begin to, and never end."""

        async def handle(leased: LeasedJob) -> None:
            line = f"{name} {leased.job.scope.user_id} {leased.job.key} {leased.tried}\n"
            _note(log, line)
            await asyncio.sleep(3600 if hangs else 0)

        await self._store.open()
        settings = OutboxSettings(
            concurrency=at_once, poll_seconds=poll, lease_seconds=lease, deliver_seconds=3600
        )
        self._outbox = Outbox(
            self._store.jobs, destination=DESTINATION, handle=handle, settings=settings
        )
        self._outbox.start()

    async def hears(self) -> bool | None:
        return self._store.hears

    async def stop(self) -> None:
        """Stop delivering, without waiting for what is being delivered."""
        assert self._outbox is not None
        await self._outbox.aclose(drain=0.0)

    async def aclose(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait([self._writing])
        if self._memory is not None:
            await self._memory.aclose()
        if self._outbox is not None:
            await self._outbox.aclose(drain=0.0)
        await self._store.aclose()


def _note(log: str, line: str) -> None:
    with Path(log).open("a", encoding="utf-8") as file:
        file.write(line)


async def until(reached: Callable[[], bool | Awaitable[bool]], seconds: float = 30.0) -> None:
    """Wait until something is so, which only looking tells.

    Raises:
        TimeoutError: It did not come to be so in time.
    """
    async with asyncio.timeout(seconds):
        while True:
            found = reached()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.005)


class Other:
    """A worker in another process, as a context manager that ends it."""

    def __init__(self, url: str) -> None:
        """Start it."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.postgres.workers", url],
            cwd=_ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()

    async def hears(self, *, known: bool) -> None:
        """Wait until it is known whether it hears of what others put in, and check that."""

        async def is_known() -> bool:
            return await self.ask("hears") is not None

        await until(is_known)
        assert await self.ask("hears") is known

    async def ask(self, do: str, **arguments: Any) -> Any:
        """Have it do something, and return what came of it."""
        return await asyncio.to_thread(self._ask, do, arguments)

    def _ask(self, do: str, arguments: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([do, arguments]), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def kill(self) -> None:
        """Kill it, and wait until it is gone."""
        self._process.kill()
        self._process.wait()


async def _serve(url: str) -> None:
    worker = Worker(url)
    while line := await asyncio.to_thread(sys.stdin.readline):
        do, arguments = json.loads(line)
        print(json.dumps(await getattr(worker, do)(**arguments)), flush=True)
    await worker.aclose()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
