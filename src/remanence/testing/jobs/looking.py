"""What a look at the jobs tells."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

from remanence.store.jobs import JobCounts, JobStore
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
from remanence.types import Scope

__all__ = ["Looking"]


class Looking(Handles):
    """What a look at the jobs tells."""

    async def test_there_is_nothing(self, jobs: JobStore) -> None:
        """Nothing is found, and nothing fails."""
        assert await jobs.jobs() == []
        assert await jobs.job_counts() == []
        assert await take(jobs) == []
        assert await jobs.next_due(PLACE) is None
        for name in (new_id(), "nonsense", ""):
            assert await jobs.job(name) is None
            assert await jobs.lane_head(name) is None
            assert await jobs.jobs(after=name) == []

    async def test_listing(self, jobs: JobStore) -> None:
        """In the order put in, narrowed by destination, user and state, page by page."""
        await put(jobs, "a1", "a2")
        await put(jobs, "b1", scope=BOB)
        await put(jobs, "a3", destination="service:two")
        await take(jobs)
        assert keys(await jobs.jobs()) == ["a1", "a2", "b1", "a3"]
        assert keys(await jobs.jobs(destination=PLACE)) == ["a1", "a2", "b1"]
        assert keys(await jobs.jobs(user_id="bob")) == ["b1"]
        assert keys(await jobs.jobs(states=["leased"])) == ["a1", "b1"]
        assert keys(await jobs.jobs(states=["leased"], user_id="alice")) == ["a1"]
        assert keys(await jobs.jobs(states=["pending", "leased"], limit=2)) == ["a1", "a2"]
        assert await jobs.jobs(states=["done"]) == []
        _, second, *_ = await jobs.jobs()
        assert keys(await jobs.jobs(after=second.id)) == ["b1", "a3"]
        assert keys(await jobs.jobs(after=second.id, limit=1)) == ["b1"]

    async def test_counting(self, jobs: JobStore) -> None:
        """By destination; bytes, and the age of the oldest, of what is not done."""
        later = NOON + HOUR
        await jobs.enqueue([new_job("k1", payload="猫")], quota=AMPLE)
        await jobs.enqueue([new_job("k2", payload="12345", at=later)], quota=AMPLE)
        await put(jobs, "k1", destination="another")
        assert await jobs.job_counts() == [
            JobCounts("another", 1, 0, 0, 0, len('{"key":"k1"}'), NOON),
            JobCounts(PLACE, 2, 0, 0, 0, 8, NOON),
        ]
        (leased,) = await take(jobs)
        assert (await jobs.job_counts())[1] == JobCounts(PLACE, 1, 1, 0, 0, 8, NOON)
        await jobs.finish(leased.job.id, owner="one", now=NOON)
        assert (await jobs.job_counts())[1] == JobCounts(PLACE, 1, 0, 0, 1, 5, later)
        (leased,) = await take(jobs, now=later)
        await jobs.park(leased.job.id, owner="one", now=NOON, error=ValueError())
        assert (await jobs.job_counts())[1] == JobCounts(PLACE, 0, 0, 1, 1, 5, later)

    async def test_when_the_next_comes_due(self, jobs: JobStore) -> None:
        """Of the first of each scope only; a lease's end counts, what is parked does not."""
        (first, _) = await put(jobs, "a1", "a2")
        await put(jobs, "k1", destination="service:two")
        assert await jobs.next_due(PLACE) == NOON
        await take(jobs)
        assert await jobs.next_due(PLACE) == NOON + LEASE
        until = NOON + HOUR
        await jobs.postpone(first.id, owner="one", until=until, error=ValueError(), counted=True)
        assert await jobs.next_due(PLACE) == until
        await jobs.enqueue([new_job("b1", BOB, at=NOON + SECOND)], quota=AMPLE)
        assert await jobs.next_due(PLACE) == NOON + SECOND
        for leased in await take(jobs, now=until):
            await jobs.park(leased.job.id, owner="one", now=until, error=ValueError())
        assert await jobs.next_due(PLACE) == NOON
        for leased in await take(jobs, now=until):
            await jobs.finish(leased.job.id, owner="one", now=until)
        assert await jobs.next_due(PLACE) is None

    async def test_whose_turn_it_is(self, jobs: JobStore) -> None:
        """The first of the lane that is not over."""
        first, second, third = await put(jobs, "a1", "a2", "a3")
        await put(jobs, "b1", scope=BOB)
        await put(jobs, "s1", scope=Scope("alice", "clerk"))
        assert await jobs.lane_head(third.id) == first
        await take(jobs)
        head = await jobs.lane_head(third.id)
        assert head is not None
        assert (head.id, head.state) == (first.id, "leased")
        await jobs.park(first.id, owner="one", now=NOON, error=ValueError())
        assert await jobs.lane_head(first.id) == second
        for _ in range(2):
            for leased in await take(jobs):
                await jobs.finish(leased.job.id, owner="one", now=NOON)
        assert await jobs.lane_head(third.id) is None
