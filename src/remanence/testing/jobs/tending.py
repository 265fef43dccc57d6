"""What an operator, an erasure, and time do to jobs."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

from remanence.store.jobs import JobStore
from remanence.testing.jobs.handles import Handles
from remanence.testing.jobs.records import (
    AMPLE,
    BOB,
    HOUR,
    LEASE,
    NOON,
    PLACE,
    SECOND,
    keys,
    new_id,
    new_job,
    put,
    take,
)
from remanence.types import Filter, Scope

__all__ = ["Tending"]

LATER = NOON + HOUR


class Tending(Handles):
    """What an operator, an erasure, and time do to jobs."""

    async def test_retrying(self, jobs: JobStore) -> None:
        """What is parked or put off is due at once, with no attempt counted."""
        (parked,) = await put(jobs, "a1")
        (late,) = await put(jobs, "b1", scope=BOB)
        await take(jobs)
        await jobs.park(parked.id, owner="one", now=NOON, error=ValueError())
        await jobs.postpone(late.id, owner="one", until=LATER, error=ValueError(), counted=True)
        now = NOON + SECOND
        found = await jobs.retry([late.id, parked.id, late.id, new_id(), "nonsense"], now=now)
        assert keys(found) == ["b1", "a1"]
        assert {(job.state, job.attempts, job.due_at, job.error_kind) for job in found} == {
            ("pending", 0, now, None)
        }
        taken = await take(jobs, now=now)
        assert [(one.job.key, one.job.attempts, one.tried) for one in taken] == [
            ("a1", 1, True),
            ("b1", 1, True),
        ]
        assert await jobs.retry([late.id], now=now) == []

    async def test_retrying_a_lease_that_is_over(self, jobs: JobStore) -> None:
        """Whoever had it is not heard of any more, and may have delivered it."""
        (job,) = await put(jobs, "k1")
        await take(jobs)
        (found,) = await jobs.retry([job.id], now=NOON + LEASE)
        assert found.state == "pending"
        assert not await jobs.finish(job.id, owner="one", now=NOON)
        (leased,) = await take(jobs, "two", now=NOON + LEASE)
        assert leased.tried

    async def test_dropping(self, jobs: JobStore) -> None:
        """Gone, key and all; except for what a worker holds."""
        first, second, third = await put(jobs, "a1", "a2", "a3")
        await take(jobs)
        ids = [first.id, third.id, third.id, new_id(), "nonsense"]
        assert await jobs.drop(ids, now=NOON) == [third]
        assert keys(await jobs.jobs()) == ["a1", "a2"]
        assert keys(await jobs.drop([first.id], now=NOON + LEASE)) == ["a1"]
        assert keys(await take(jobs, "two")) == ["a2"]
        await jobs.finish(second.id, owner="two", now=NOON)
        await jobs.drop([second.id], now=NOON)
        assert await jobs.jobs() == []
        assert await jobs.job_counts() == []
        (again,) = await put(jobs, "a1")
        assert (again.id != first.id, again.state) == (True, "pending")

    async def test_pruning(self, jobs: JobStore) -> None:
        """What was done before a time is forgotten, a portion at a time; nothing else is."""
        for number in range(4):
            (job,) = await put(jobs, f"k{number}")
            await take(jobs)
            await jobs.finish(job.id, owner="one", now=NOON + number * SECOND)
        await put(jobs, "waits")
        (parked,) = await put(jobs, "parked", scope=BOB)
        await take(jobs)
        await jobs.park(parked.id, owner="one", now=NOON, error=ValueError())
        before = NOON + 3 * SECOND
        assert await jobs.prune(PLACE, before=before, limit=2) == 2
        assert await jobs.prune(PLACE, before=before, limit=2) == 1
        assert await jobs.prune(PLACE, before=before, limit=2) == 0
        assert keys(await jobs.jobs()) == ["k3", "waits", "parked"]
        (again,) = await put(jobs, "k0")
        assert again.state == "pending"

    async def test_erasing_a_user(self, jobs: JobStore, second: JobStore) -> None:
        """In every state and destination; others keep theirs, and a worker learns of it."""
        (done, _) = await put(jobs, "a1", "a2")
        await put(jobs, "a3", destination="service:two")
        await put(jobs, "b1", scope=BOB)
        await take(jobs)
        await jobs.finish(done.id, owner="one", now=NOON)
        (leased,) = await take(second, "two")
        assert await jobs.erase_jobs(Filter("alice")) == 3
        assert keys(await second.jobs()) == ["b1"]
        assert not await second.finish(leased.job.id, owner="two", now=NOON)
        assert await second.extend([leased.job.id], owner="two", until=LATER) == set()
        assert await jobs.erase_jobs(Filter("alice")) == 0
        (again,) = await put(jobs, "a1")
        assert again.state == "pending"

    async def test_erasing_a_part(self, jobs: JobStore) -> None:
        """One session, one agent, or what was put in within a time."""
        scopes = [
            Scope("alice", "clerk", "monday"),
            Scope("alice", "clerk", "tuesday"),
            Scope("alice", None, "monday"),
            Scope("alice"),
        ]
        for number, scope in enumerate(scopes):
            new = new_job(f"k{number}", scope, at=NOON + number * HOUR)
            await jobs.enqueue([new], quota=AMPLE)
        assert await jobs.erase_jobs(Filter("alice", session_id="sunday")) == 0
        assert await jobs.erase_jobs(Filter("alice", "clerk", "monday")) == 1
        assert await jobs.erase_jobs(Filter("alice", session_id="monday")) == 1
        assert keys(await jobs.jobs()) == ["k1", "k3"]
        late = NOON + 2 * HOUR
        assert await jobs.erase_jobs(Filter("alice", since=late)) == 1
        assert await jobs.erase_jobs(Filter("alice", until=late)) == 1
        assert await jobs.jobs() == []
