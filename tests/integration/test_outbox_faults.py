"""A store that can't for a while, and jobs that are taken out of a worker's hands."""

from __future__ import annotations

import asyncio
import dataclasses
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from remanence.errors import StoreBusyError
from remanence.outbox.queue import Outbox
from remanence.store.jobs import LeasedJob
from remanence.store.sqlite import SQLiteStore
from remanence.telemetry import Faults
from remanence.testing.stores.records import erase
from remanence.types import Filter
from tests.integration.receiver import QUICK, Receiver, opened, put, until


@contextmanager
def _locked(database: Path) -> Generator[None]:
    """Have another connection hold the lock."""
    connection = apsw.Connection(str(database))
    connection.set_busy_timeout(5_000)
    try:
        connection.execute("BEGIN IMMEDIATE")  # pyright: ignore[reportUnknownMemberType]
        yield
    finally:
        connection.close()


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


def _faults(outbox: Outbox) -> Faults:
    return outbox._faults  # pyright: ignore[reportPrivateUsage] - what it counts by itself


async def test_a_locked_store_is_waited_for(database: Path, receiver: Receiver) -> None:
    """Nothing is delivered that can't be leased, and afterwards everything is."""
    async with opened(database, receiver, busy_timeout=0.05) as (outbox, _):
        await outbox.aclose()
        await put(outbox, "k1", "k2")
        with _locked(database):
            outbox.start()
            await until(lambda: _faults(outbox).counts["outbox"] >= 3)
            assert receiver.asked == []
            with pytest.raises(StoreBusyError):
                await put(outbox, "k3")
        assert await outbox.settle(10)
        assert receiver.kept == ["k1", "k2"]


async def test_what_was_delivered_is_written_down_when_that_can_be_done(
    database: Path, receiver: Receiver
) -> None:
    """It is not delivered again, however long the store was locked."""
    receiver.seconds = 0.2
    settings = dataclasses.replace(QUICK, lease_seconds=0.6)
    async with opened(database, receiver, busy_timeout=0.05, settings=settings) as (outbox, store):
        (job,) = await put(outbox, "k1")
        await until(lambda: receiver.asked == ["k1"])
        with _locked(database):
            await until(lambda: receiver.kept == ["k1"])
            await until(lambda: _faults(outbox).counts["outbox"] >= 5)
            await asyncio.sleep(0.7)  # longer than the lease
        assert await outbox.wait(job, 10) == "done"
        assert receiver.asked == ["k1"]
        assert [each.state for each in await store.jobs.jobs()] == ["done"]


async def test_a_lost_job_is_delivered_no_further(database: Path) -> None:
    """When a user is erased, what is on its way for them is called back."""
    ended = asyncio.Event()

    async def handle(_: LeasedJob) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    store = SQLiteStore(database)
    await store.open()
    settings = dataclasses.replace(QUICK, lease_seconds=0.3)
    outbox = Outbox(store.jobs, destination="service:one", handle=handle, settings=settings)
    await put(outbox, "k1")
    await asyncio.sleep(0.5)
    assert not ended.is_set()
    await erase(store, Filter("alice"), None)
    await asyncio.wait_for(ended.wait(), 5)
    assert await outbox.settle(5)
    await outbox.aclose()
    await store.aclose()


async def test_a_lost_job_and_a_later_one_are_not_delivered_together(database: Path) -> None:
    """The later one begins when the earlier one has come to its end."""
    said: list[str] = []

    async def handle(leased: LeasedJob) -> None:
        key = leased.job.key
        said.append(f"{key} begins")
        try:
            await asyncio.sleep(3600 if key == "k1" else 0)
        finally:
            await asyncio.sleep(0.1)
            said.append(f"{key} ends")

    store = SQLiteStore(database)
    await store.open()
    outbox = Outbox(store.jobs, destination="service:one", handle=handle, settings=QUICK)
    await put(outbox, "k1")
    await until(lambda: said == ["k1 begins"])
    await erase(store, Filter("alice"), None)
    (later,) = await put(outbox, "k2")
    assert await outbox.wait(later, 5) == "done"
    assert said == ["k1 begins", "k1 ends", "k2 begins", "k2 ends"]
    await outbox.aclose()
    await store.aclose()


async def test_who_lost_a_job_decides_nothing(database: Path, receiver: Receiver) -> None:
    """Another worker has taken it over meanwhile."""
    receiver.seconds = 0.5
    async with opened(database, receiver) as (outbox, store):
        (job,) = await put(outbox, "k1")
        await until(lambda: receiver.asked == ["k1"])
        leased = await store.jobs.job(job.id)
        assert leased is not None
        await store.jobs.retry([job.id], now=leased.due_at)
        await store.jobs.lease(
            "service:one",
            owner="somebody else",
            now=leased.due_at,
            lease=leased.due_at - leased.created_at,
            longest=leased.due_at - leased.created_at,
            limit=1,
        )
        await until(lambda: receiver.kept == ["k1"])
        await asyncio.sleep(0.2)
        found = await store.jobs.job(job.id)
        assert found is not None
        assert found.state == "leased"


FULL = """
import asyncio, resource, signal, sys
from pathlib import Path
from remanence.errors import StoreFullError
from remanence.outbox.queue import Outbox
from remanence.outbox.settings import OutboxSettings
from remanence.store.sqlite import SQLiteStore
from remanence.telemetry import Faults
from remanence.types import Scope
import logging

SETTINGS = OutboxSettings(first_delay=0.05, longest_delay=0.2, poll_seconds=0.1)
asked = []

def limit(size=resource.RLIM_INFINITY):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

async def handle(leased):
    asked.append(leased.job.key)
    if leased.job.key == "k1":
        limit(0)  # full, while it is being delivered

async def main(path):
    store = SQLiteStore(path)
    await store.open()
    faults = Faults(logging.getLogger("test"))
    outbox = Outbox(
        store.jobs, destination="service:one", handle=handle, settings=SETTINGS, faults=faults
    )
    async def put(key):
        scope = Scope("alice", session_id="monday")
        return await outbox.put(kind="retain", scope=scope, key=key, payload="x" * 5_000)
    for key in ("k0", "k1", "k2"):
        await put(key)
    while faults.counts["outbox"] < 3:
        await asyncio.sleep(0.01)
    assert asked == ["k0", "k1"], asked
    try:
        await put("k3")
    except StoreFullError:
        pass
    else:
        raise AssertionError("it was put in on a full disk")
    limit()
    await put("k3")
    assert await outbox.settle(10)
    assert asked == ["k0", "k1", "k2", "k3"], asked
    # And one that is full from the start, for the worker.
    await outbox.aclose()
    await put("k4")
    limit(0)
    outbox.start()
    before = faults.counts["outbox"]
    while faults.counts["outbox"] < before + 3:
        await asyncio.sleep(0.01)
    assert asked[4:] == [], asked
    limit()
    assert await outbox.settle(10)
    assert asked[4:] == ["k4"], asked
    await outbox.aclose()
    await store.aclose()

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
asyncio.run(main(Path(sys.argv[1])))
"""


def test_a_full_disk(
    database: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """Nothing is delivered twice, and everything goes on when there is space again."""
    done = run_python("-c", FULL, database)
    assert done.returncode == 0, done.stderr
    assert "memory fault (outbox)" in done.stderr
