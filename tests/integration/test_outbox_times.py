"""An outbox and time: services that are away, those who wait, days, and clocks that are wrong."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import itertools
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from remanence.errors import (
    BackendUnavailableError,
    InputError,
)
from remanence.outbox.queue import Outbox
from remanence.store.jobs import Job, JobState, LeasedJob
from remanence.store.relational.job_store import RelationalJobs
from remanence.store.sqlite import SQLiteStore
from remanence.types import Scope
from tests.integration.receiver import BOB, QUICK, Receiver, gaps, opened, put, until

Opened = tuple[Outbox, SQLiteStore]

AWAY = BackendUnavailableError("nobody is there")


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def place(database: Path, receiver: Receiver) -> AsyncIterator[Opened]:
    async with opened(database, receiver) as place:
        yield place


@pytest.fixture
def outbox(place: Opened) -> Outbox:
    return place[0]


@pytest.fixture
def store(place: Opened) -> SQLiteStore:
    return place[1]


async def _job(store: SQLiteStore, job: Job) -> Job:
    found = await store.jobs.job(job.id)
    assert found is not None
    return found


async def _states(store: SQLiteStore) -> list[JobState]:
    return [job.state for job in await store.jobs.jobs()]


class _Clock:
    """The machine's clock, wrong by some time."""

    def __init__(self, wrong: dt.timedelta = dt.timedelta()) -> None:
        self.wrong = wrong

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.wrong


async def test_a_service_that_is_away_parks_nothing(
    outbox: Outbox, store: SQLiteStore, receiver: Receiver
) -> None:
    """However often it was asked; and then everything is delivered."""
    receiver.always = lambda _: AWAY
    jobs = [
        *(await put(outbox, "a1", "a2")),
        *(await put(outbox, "b1", scope=BOB)),
    ]
    await until(lambda: len(receiver.asked) > 3 * QUICK.attempts)
    assert {(await _job(store, job)).attempts for job in jobs} == {0}
    assert "parked" not in await _states(store)
    receiver.always = lambda _: None
    assert await outbox.settle(10)
    assert [key for key in receiver.kept if key[0] == "a"] == ["a1", "a2"]
    assert len(receiver.kept) == 3


async def test_a_service_that_is_away_is_left_alone(database: Path, receiver: Receiver) -> None:
    """By all jobs; then one finds out whether it is back."""
    settings = dataclasses.replace(QUICK, first_delay=0.4, longest_delay=2)
    async with opened(database, receiver, settings=settings) as (outbox, _):
        receiver.always = lambda _: AWAY
        (first,) = await put(outbox, "k0")
        assert await outbox.wait(first, 5) == "pending"
        for number in range(1, 6):
            await put(outbox, f"k{number}", scope=Scope("alice", None, str(number)))
        assert receiver.asked == ["k0"]
        await until(lambda: len(receiver.asked) == 2)
        assert 0.2 <= gaps(receiver.times)[0] < 0.6
        await asyncio.sleep(0.3)
        assert len(receiver.asked) == 2
        receiver.always = lambda _: None
        assert await outbox.settle(10)
        assert len(receiver.kept) == 6


async def test_a_service_is_asked_again_when_it_said(database: Path, receiver: Receiver) -> None:
    receiver.fail("k1", BackendUnavailableError("wait", retry_after=0.7))
    async with opened(database, receiver) as (outbox, _):
        (job,) = await put(outbox, "k1")
        assert await outbox.wait(job, 5) == "pending"
        assert await outbox.settle(10)
        assert 0.7 <= gaps(receiver.times)[0] < 2


async def test_nobody_waits_for_what_can_not_come(database: Path, receiver: Receiver) -> None:
    """A service that asked to be left alone; a job behind one that was put off."""
    settings = dataclasses.replace(QUICK, first_delay=5, longest_delay=60)
    async with opened(database, receiver, settings=settings) as (outbox, _):
        receiver.fail("bad", OSError("no"))
        bad, behind = await put(outbox, "bad", "behind")
        began = time.monotonic()
        assert await outbox.wait(behind, 2) == "pending"
        (other,) = await put(outbox, "other", scope=BOB)
        assert await outbox.wait(other, 2) == "done"
        receiver.always = lambda _: BackendUnavailableError("wait", retry_after=60)
        (away,) = await put(outbox, "away", scope=BOB)
        assert await outbox.wait(away, 2) == "pending"
        (late,) = await put(outbox, "late", scope=Scope("carol"))
        assert await outbox.wait(late, 2) == "pending"
        assert time.monotonic() - began < 2
        assert receiver.asked == ["bad", "other", "away"]
        assert await outbox.wait(bad, 2) == "pending"


async def test_waiting_ends(outbox: Outbox, store: SQLiteStore, receiver: Receiver) -> None:
    receiver.seconds = 0.5
    (job,) = await put(outbox, "k1")
    began = time.monotonic()
    assert await outbox.wait(job, 0) in ("pending", "leased")
    assert await outbox.wait(job, 0.2) == "leased"
    assert 0.2 <= time.monotonic() - began < 0.5
    assert await outbox.wait(job, 5) == "done"
    assert await outbox.wait(job, 5) == "done"
    await store.jobs.drop([job.id], now=dt.datetime.now(dt.UTC))
    assert await outbox.wait(job, 5) == "pending"  # as it was given; nobody knows it any more
    with pytest.raises(InputError, match="seconds"):
        await outbox.wait(job, -1)


async def test_settling_ends(outbox: Outbox, receiver: Receiver) -> None:
    assert await outbox.settle(0)
    receiver.seconds = 0.4
    await put(outbox, "k1")
    began = time.monotonic()
    assert not await outbox.settle(0.1)
    assert 0.1 <= time.monotonic() - began < 0.4
    assert await outbox.settle(5)
    assert receiver.kept == ["k1"]


async def test_done_jobs_are_forgotten_after_a_while(database: Path, receiver: Receiver) -> None:
    settings = dataclasses.replace(QUICK, keep_done_days=1)
    async with opened(database, receiver, settings=settings) as (outbox, store):
        await put(outbox, "old", "new")
        assert await outbox.settle(5)
        await outbox.aclose()
        old, _ = await store.jobs.jobs()
        assert await _states(store) == ["done", "done"]
    late = _Clock(dt.timedelta(days=1))
    async with opened(database, receiver, settings=settings, clock=late) as (outbox, store):
        outbox.start()
        (kept,) = await put(outbox, "kept", scope=BOB)
        assert await outbox.wait(kept, 5) == "done"
        for _ in range(100):
            if await store.jobs.job(old.id) is None:
                break
            await asyncio.sleep(0.02)
        assert [job.key for job in await store.jobs.jobs()] == ["kept"]


async def test_a_clock_that_is_set_back_holds_nothing_up(
    database: Path, receiver: Receiver
) -> None:
    clock = _Clock()
    async with opened(database, receiver, clock=clock) as (outbox, _):
        receiver.fail("k1", AWAY)
        (job,) = await put(outbox, "k1")
        assert await outbox.wait(job, 5) == "pending"
        clock.wrong = -dt.timedelta(days=400)
        began = time.monotonic()
        await put(outbox, "k2")
        assert await outbox.settle(5)
        assert time.monotonic() - began < 2
        assert receiver.kept == ["k1", "k2"]


class _SlowJobs(RelationalJobs):
    """Takes long to find what is due, as with a very long queue."""

    seconds = 0.1

    def __init__(self, **runs: Any) -> None:
        super().__init__(**runs)
        self.spans: list[tuple[float, float]] = []

    async def lease(self, destination: str, **how: Any) -> list[LeasedJob]:
        began = time.monotonic()
        await asyncio.sleep(self.seconds)
        leased = await super().lease(destination, **how)
        self.spans.append((began, time.monotonic()))
        return leased


class _SlowStore(SQLiteStore):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.slow = _SlowJobs(write=self._write, read=self._read)


async def test_a_store_that_takes_long_is_not_asked_all_the_time(database: Path) -> None:
    store = _SlowStore(database)
    await store.open()
    over, all_short, delivered = asyncio.Event(), asyncio.Event(), 0

    async def handle(leased: LeasedJob) -> None:
        nonlocal delivered
        if leased.job.scope.user_id == "long":
            await over.wait()
        delivered += 1
        if delivered == 4:
            all_short.set()

    settings = dataclasses.replace(QUICK, concurrency=2, poll_seconds=60.0)
    outbox = Outbox(store.slow, destination="there", handle=handle, settings=settings)
    try:
        for user in ("long", *(f"short {number}" for number in range(4))):
            await outbox.put(kind="retain", scope=Scope(user), key=user, payload="{}")
        outbox.start()
        async with asyncio.timeout(30):
            await all_short.wait()
        while_busy = store.slow.spans[1:4]
        over.set()
        assert await outbox.settle(20)
    finally:
        await outbox.aclose()
        await store.aclose()
    pauses = [later[0] - earlier[1] for earlier, later in itertools.pairwise(while_busy)]
    assert min(pauses) >= 3 * _SlowJobs.seconds
