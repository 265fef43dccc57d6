"""An outbox that is closed, or loses its event loop: nothing hangs, and nothing is lost."""

from __future__ import annotations

import asyncio
import dataclasses
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from remanence.errors import InputError
from remanence.outbox.queue import Outbox
from remanence.store.jobs import LeasedJob
from remanence.store.sqlite import SQLiteStore
from tests.integration.receiver import BOB, QUICK, Receiver, opened, put, until

StartPython = Callable[..., subprocess.Popen[str]]
RunPython = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


async def test_closing_delivers_what_waits(database: Path, receiver: Receiver) -> None:
    receiver.seconds = 0.05
    async with opened(database, receiver) as (outbox, store):
        await put(outbox, "k1", "k2", "k3")
        began = time.monotonic()
        await outbox.aclose()
        assert time.monotonic() - began < QUICK.drain_seconds
        assert receiver.kept == ["k1", "k2", "k3"]
        assert await store.jobs.next_due("service:one") is None
        await outbox.aclose()


async def test_closing_waits_no_longer_than_it_may(database: Path, receiver: Receiver) -> None:
    """What is being delivered is given back at once, as tried; the rest as it was."""
    receiver.seconds = 3600
    async with opened(database, receiver) as (outbox, store):
        await put(outbox, "k1", "k2")
        await put(outbox, "b1", scope=BOB)
        await until(lambda: len(receiver.asked) == 2)
        began = time.monotonic()
        await outbox.aclose(0.3)
        assert 0.3 <= time.monotonic() - began < 1.5
        assert [(job.state, job.attempts) for job in await store.jobs.jobs()] == [
            ("pending", 0)
        ] * 3
    receiver.seconds = 0
    async with opened(database, receiver) as (outbox, _):
        outbox.start()
        assert await outbox.settle(5)
        assert sorted(receiver.kept) == ["b1", "k1", "k2"]
        assert [(one.job.key, one.tried) for one in receiver.jobs[2:] if one.tried] == [
            ("k1", True),
            ("b1", True),
        ]


async def test_closing_does_not_wait_for_what_can_not_come(
    database: Path, receiver: Receiver
) -> None:
    settings = dataclasses.replace(QUICK, first_delay=60, longest_delay=60, drain_seconds=20)
    receiver.always = lambda _: OSError("no")
    async with opened(database, receiver, settings=settings) as (outbox, _):
        (job,) = await put(outbox, "k1")
        assert await outbox.wait(job, 5) == "pending"
        began = time.monotonic()
        await outbox.aclose()
        assert time.monotonic() - began < 2


async def test_a_handler_that_does_not_end_holds_up_nobody(database: Path) -> None:
    """What it was given is not given to others before its lease is over: it may yet arrive."""
    leave = asyncio.Event()

    async def handle(_: LeasedJob) -> None:
        while not leave.is_set():
            try:
                await leave.wait()
            except asyncio.CancelledError:
                continue

    store = SQLiteStore(database)
    await store.open()
    outbox = Outbox(store.jobs, destination="service:one", handle=handle, settings=QUICK)
    await put(outbox, "k1")
    await asyncio.sleep(0.1)
    try:
        began = time.monotonic()
        await outbox.aclose(0.1)
        assert time.monotonic() - began < 6
        (job,) = await store.jobs.jobs()
        assert job.state == "leased"
    finally:
        leave.set()
        await asyncio.sleep(0.1)
        await store.aclose()


async def test_closing_while_the_store_is_locked(database: Path, receiver: Receiver) -> None:
    receiver.seconds = 3600
    async with opened(database, receiver, busy_timeout=8) as (outbox, _):
        await put(outbox, "k1")
        await until(lambda: len(receiver.asked) == 1)
        other = apsw.Connection(str(database))
        other.set_busy_timeout(5_000)
        other.execute("BEGIN IMMEDIATE")  # pyright: ignore[reportUnknownMemberType]
        began = time.monotonic()
        await outbox.aclose(0.1)
        assert time.monotonic() - began < 6
        other.close()


async def test_closing_after_the_store(database: Path, receiver: Receiver) -> None:
    async with opened(database, receiver) as (outbox, store):
        await put(outbox, "k1")
        assert await outbox.settle(5)
        await store.aclose()
        await outbox.aclose()


async def test_closing_is_cancelled(database: Path, receiver: Receiver) -> None:
    receiver.seconds = 3600
    async with opened(database, receiver) as (outbox, store):
        await put(outbox, "k1")
        await until(lambda: len(receiver.asked) == 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await outbox.aclose(60)
        assert [job.state for job in await store.jobs.jobs()] == ["pending"]
        with pytest.raises(InputError, match="drain"):
            await outbox.aclose(-1)


async def test_what_is_put_into_a_closed_outbox_waits(database: Path, receiver: Receiver) -> None:
    async with opened(database, receiver) as (outbox, _):
        await outbox.aclose()
        (job,) = await put(outbox, "k1")
        assert await outbox.wait(job, 0.3) == "pending"
        assert not await outbox.settle(0)
        assert receiver.asked == []
        outbox.start()
        outbox.start()
        assert await outbox.wait(job, 5) == "done"
        assert receiver.asked == ["k1"]


def test_a_later_event_loop_goes_on(database: Path, receiver: Receiver) -> None:
    """At once, though the lease of the earlier one is not over."""
    store = SQLiteStore(database)
    outbox = Outbox(store.jobs, destination="service:one", handle=receiver.handle, settings=QUICK)

    async def begin() -> None:
        await store.open()
        receiver.seconds = 3600
        await put(outbox, "k1", "k2")
        await until(lambda: receiver.asked == ["k1"])

    async def go_on() -> None:
        receiver.seconds = 0
        (job,) = await put(outbox, "k3")
        assert await outbox.wait(job, 5) == "done"
        assert [(one.job.key, one.tried) for one in receiver.jobs[1:]] == [
            ("k1", True),
            ("k2", False),
            ("k3", False),
        ]
        await outbox.aclose()
        await store.aclose()

    began = time.monotonic()
    asyncio.run(begin())
    asyncio.run(go_on())
    assert time.monotonic() - began < 5


def test_an_event_loop_that_only_stands_still_is_replaced(
    database: Path, receiver: Receiver
) -> None:
    """Its leases are taken back at once; should it run again, its worker has gone."""
    store = SQLiteStore(database)
    outbox = Outbox(store.jobs, destination="service:one", handle=receiver.handle, settings=QUICK)

    async def begin() -> None:
        await store.open()
        receiver.seconds = 0.5
        await put(outbox, "k1")
        await until(lambda: receiver.asked == ["k1"])

    async def go_on() -> None:
        other = Receiver()
        outbox._handle = other.handle  # pyright: ignore[reportPrivateUsage] - to tell the two apart
        outbox.start()
        assert await outbox.settle(5)
        assert [(one.job.key, one.tried) for one in other.jobs] == [("k1", True)]

    async def end() -> None:
        await asyncio.sleep(0.3)
        (job,) = await put(outbox, "k2")
        assert await outbox.wait(job, 5) == "done"
        await outbox.aclose()
        assert [job.state for job in await store.jobs.jobs()] == ["done", "done"]
        await store.aclose()

    with asyncio.Runner() as runner:
        runner.run(begin())
        asyncio.set_event_loop(None)
        asyncio.run(go_on())
        runner.run(end())


async def test_from_another_thread(database: Path, receiver: Receiver) -> None:
    """The worker stays where it is; putting in, waiting and closing work from anywhere."""
    async with opened(database, receiver) as (outbox, store):
        outbox.start()
        here = threading.get_ident()
        threads: list[int] = []
        receiver.always = lambda _: threads.append(threading.get_ident())

        async def elsewhere() -> None:
            for number in range(20):
                (job,) = await put(outbox, f"k{number}")
                assert await outbox.wait(job, 5) == "done"
            assert await outbox.settle(5)
            receiver.seconds = 3600
            await put(outbox, "late")
            await outbox.aclose(0.2)

        await asyncio.to_thread(asyncio.run, elsewhere())
        assert threads == [here] * 20
        assert [job.state for job in await store.jobs.jobs()] == ["done"] * 20 + ["pending"]


LEAVING = """
import asyncio, sys
from pathlib import Path
from remanence.outbox.queue import Outbox
from remanence.store.sqlite import SQLiteStore
from remanence.types import Scope

async def handle(leased):
    print("asked", leased.job.key, leased.tried, flush=True)
    if sys.argv[2] == "hang":
        await asyncio.sleep(3600)
    if sys.argv[2] == "fail":
        raise OSError("no")

async def main(store, outbox, key):
    await store.open()
    outbox.start()
    for number in range(3):
        scope = Scope("alice", session_id=str(number))
        await outbox.put(kind="retain", scope=scope, key=f"{key}{number}", payload="{}")
    await asyncio.sleep(float(sys.argv[3]))

store = SQLiteStore(Path(sys.argv[1]))
outbox = Outbox(store.jobs, destination="service:one", handle=handle)
for key in "ab":
    asyncio.run(main(store, outbox, key))
print("left", flush=True)
"""


@pytest.mark.parametrize("behaviour", ["keep", "hang", "fail"])
@pytest.mark.parametrize("seconds", [0, 0.003, 0.3])
def test_leaving_without_a_word(
    database: Path, start_python: StartPython, behaviour: str, seconds: float
) -> None:
    """No warning of asyncio's, no waiting, and nothing lost."""
    arguments = ("-X", "dev", "-W", "error", "-c", LEAVING, database, behaviour, seconds)
    with start_python(*map(str, arguments)) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "left\n":
                break
        began = time.monotonic()
        _, errors = process.communicate(timeout=20)
    assert time.monotonic() - began < 2
    warnings = [line for line in errors.splitlines() if "memory fault (deliver)" not in line]
    assert (process.returncode, warnings) == (0, [])

    async def look() -> None:
        receiver = Receiver()
        async with opened(database, receiver) as (outbox, store):
            assert len(await store.jobs.jobs()) == 6
            for job in await store.jobs.jobs(states=["pending"]):
                await store.jobs.retry([job.id], now=job.created_at)
            outbox.start()
            assert await outbox.settle(5)

    asyncio.run(look())
