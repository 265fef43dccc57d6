"""What outboxes of the tests deliver to: it keeps what it is given, and fails as it is told."""

from __future__ import annotations

import asyncio
import collections
import itertools
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from remanence.clock import Clock
from remanence.outbox.queue import Outbox
from remanence.outbox.settings import OutboxSettings
from remanence.store.jobs import Job, LeasedJob
from remanence.store.sqlite import SQLiteStore
from remanence.types import Scope

__all__ = ["ALICE", "BOB", "QUICK", "Receiver", "gaps", "opened", "put", "until"]

ALICE = Scope("alice", "clerk", "monday")
BOB = Scope("bob", "clerk", "monday")

QUICK = OutboxSettings(
    first_delay=0.05, longest_delay=0.2, poll_seconds=0.1, attempts=3, drain_seconds=2
)


class Receiver:
    """Takes deliveries, and fails as it is told.

    Attributes:
        asked: The keys of all attempts, in the order they began.
        kept: The keys of what was delivered, in order.
        jobs: What was handed over, one for each attempt.
        times: When the attempts began, in seconds.
        seconds: How long a delivery takes.
        hang: The key of what is never answered, if any.
        most: How many there were at the same time at most.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.kept: list[str] = []
        self.jobs: list[LeasedJob] = []
        self.times: list[float] = []
        self.seconds = 0.0
        self.hang: str | None = None
        self.most = 0
        self._now: collections.Counter[Scope] = collections.Counter()
        self._errors: dict[str, list[BaseException]] = {}
        self.always: Callable[[LeasedJob], BaseException | None] = lambda _: None

    def fail(self, key: str, *errors: BaseException) -> None:
        """Have the next attempts at a key fail."""
        self._errors.setdefault(key, []).extend(errors)

    async def handle(self, leased: LeasedJob) -> None:
        """Take a delivery."""
        key, scope = leased.job.key, leased.job.scope
        self.asked.append(key)
        self.jobs.append(leased)
        self.times.append(time.monotonic())
        self._now[scope] += 1
        assert self._now[scope] == 1, f"two of {scope} at the same time"
        self.most = max(self.most, self._now.total())
        try:
            await asyncio.sleep(3600 if key == self.hang else self.seconds)
            error = self._errors[key].pop(0) if self._errors.get(key) else self.always(leased)
            if error is not None:
                raise error
            self.kept.append(key)
        finally:
            self._now[scope] -= 1


@asynccontextmanager
async def opened(
    path: Path,
    receiver: Receiver,
    *,
    settings: OutboxSettings = QUICK,
    destination: str = "service:one",
    clock: Clock | None = None,
    busy_timeout: float = 30.0,
) -> AsyncGenerator[tuple[Outbox, SQLiteStore]]:
    """Open a store with an outbox on it."""
    store = SQLiteStore(path, busy_timeout=busy_timeout)
    await store.open()
    outbox = Outbox(
        store.jobs,
        destination=destination,
        handle=receiver.handle,
        settings=settings,
        clock=clock,
    )
    try:
        yield outbox, store
    finally:
        await outbox.aclose(0)
        await store.aclose()


async def put(outbox: Outbox, *keys: str, scope: Scope = ALICE) -> list[Job]:
    """Put jobs in, one after another."""
    return [
        await outbox.put(kind="retain", scope=scope, key=key, payload=f'{{"key":"{key}"}}')
        for key in keys
    ]


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something is so; fail if it does not come about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        await asyncio.sleep(0.005)


def gaps(times: Sequence[float]) -> list[float]:
    """Return the seconds between times."""
    return [after - before for before, after in itertools.pairwise(times)]
