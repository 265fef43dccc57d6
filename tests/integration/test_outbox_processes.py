"""Several processes on one outbox's file, and those that die."""

from __future__ import annotations

import asyncio
import dataclasses
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from remanence.types import Scope
from tests.integration.receiver import QUICK, Receiver, opened, put, until

StartPython = Callable[..., subprocess.Popen[str]]

OTHER = """
import asyncio, sys
from pathlib import Path
from remanence.outbox.queue import Outbox
from remanence.outbox.settings import OutboxSettings
from remanence.store.sqlite import SQLiteStore
from remanence.types import Scope

path, what, lease = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
SETTINGS = OutboxSettings(
    first_delay=0.05, longest_delay=0.2, poll_seconds=0.1, lease_seconds=lease, drain_seconds=0
)

async def handle(leased):
    print("asked", leased.job.key, flush=True)
    if what == "hang":
        await asyncio.sleep(3600)
    await asyncio.sleep(0.002)
    print("kept", leased.job.key, flush=True)

async def main():
    store = SQLiteStore(path)
    await store.open()
    outbox = Outbox(store.jobs, destination="service:one", handle=handle, settings=SETTINGS)
    outbox.start()
    print("ready", flush=True)
    if what == "put":
        for number in range(100):
            scope = Scope("alice", session_id=str(number % 7))
            await outbox.put(kind="retain", scope=scope, key=f"other {number}", payload="{}")
    while not path.with_name("end").exists():
        await asyncio.sleep(0.01)
    await outbox.aclose()
    await store.aclose()

asyncio.run(main())
"""


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _end(process: subprocess.Popen[str], database: Path) -> list[str]:
    """Have a process end, and return what it still said."""
    database.with_name("end").touch()
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    return output.splitlines()


def _start(
    start_python: StartPython, database: Path, what: str, lease: float = 30
) -> subprocess.Popen[str]:
    process = start_python("-c", OTHER, database, what, str(lease))
    assert _line(process) == "ready"
    return process


async def test_the_job_of_a_killed_process_is_taken_over(
    database: Path, start_python: StartPython
) -> None:
    """When its lease is over and not before; it may have been delivered, and says so."""
    receiver = Receiver()
    async with opened(database, receiver) as (outbox, _):
        await outbox.aclose()
        await put(outbox, "k1", "k2")
        with _start(start_python, database, "hang", lease=1.5) as other:
            assert _line(other) == "asked k1"
            killed = time.monotonic()
            other.kill()
        outbox.start()
        assert await outbox.settle(10)
        assert receiver.times[0] - killed >= 0.9  # the lease may be half a second old
        assert [(one.job.key, one.tried, one.job.attempts) for one in receiver.jobs] == [
            ("k1", True, 1),
            ("k2", False, 1),
        ]


async def test_a_lease_is_kept_while_a_delivery_runs(
    database: Path, start_python: StartPython
) -> None:
    """However long it takes."""
    receiver = Receiver()
    async with opened(database, receiver) as (outbox, store):
        await outbox.aclose()
        (job,) = await put(outbox, "k1")
        with _start(start_python, database, "hang", lease=0.6) as other:
            assert _line(other) == "asked k1"
            outbox.start()
            await asyncio.sleep(2)
            assert receiver.asked == []
            found = await store.jobs.job(job.id)
            assert found is not None
            assert found.state == "leased"
            assert _end(other, database) == []
        assert await outbox.settle(5)  # it gave the job back
        assert [one.tried for one in receiver.jobs] == [True]


async def test_two_processes_share_the_work(database: Path, start_python: StartPython) -> None:
    """Each job is delivered once, and each scope in order, whoever delivers it."""
    receiver = Receiver()
    receiver.seconds = 0.002
    async with opened(database, receiver) as (outbox, store):
        outbox.start()
        with _start(start_python, database, "put") as other:
            for number in range(100):
                await put(outbox, f"own {number}", scope=Scope("bob", None, str(number % 7)))
            await until(lambda: len(receiver.kept) > 20)
            assert await outbox.settle(30)
            said = _end(other, database)
        jobs = await store.jobs.jobs(limit=1_000)
        assert [job.state for job in jobs] == ["done"] * 200
    kept = [line.removeprefix("kept ") for line in said if line.startswith("kept")]
    assert Counter(kept + receiver.kept) == Counter(job.key for job in jobs)
    assert kept
    for delivered in (kept, receiver.kept):
        for whose in ("own", "other"):
            for session in range(7):
                numbers = [
                    int(key.split()[1])
                    for key in delivered
                    if key.startswith(whose) and int(key.split()[1]) % 7 == session
                ]
                assert numbers == sorted(numbers)


async def test_waiting_for_another_process(database: Path, start_python: StartPython) -> None:
    """Whoever delivers it: who put it in and waits is told."""
    receiver = Receiver()
    settings = dataclasses.replace(QUICK, poll_seconds=3600)
    async with opened(database, receiver, settings=settings) as (outbox, _):
        await outbox.aclose()  # here nobody delivers
        with _start(start_python, database, "keep") as other:
            (job,) = await put(outbox, "k1")
            began = time.monotonic()
            assert await outbox.wait(job, 10) == "done"
            assert time.monotonic() - began < 3
            assert _end(other, database) == ["asked k1", "kept k1"]
    assert receiver.asked == []
