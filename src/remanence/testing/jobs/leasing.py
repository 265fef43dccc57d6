"""What is due is given to one worker at a time, in order."""
# ruff: noqa: S101 - assert is how a test speaks

from __future__ import annotations

import asyncio

from remanence.store.jobs import JobStore
from remanence.testing.jobs.handles import Handles
from remanence.testing.jobs.records import (
    BOB,
    HOUR,
    LEASE,
    LONGEST,
    NOON,
    SECOND,
    keys,
    put,
    take,
)
from remanence.types import Scope

__all__ = ["Leasing"]


class Leasing(Handles):
    """What is due is given to one worker at a time, in order."""

    async def test_a_leased_job(self, jobs: JobStore) -> None:
        """Counts this attempt, and tells when the lease ends."""
        await put(jobs, "k1")
        (leased,) = await take(jobs)
        assert (leased.job.state, leased.job.attempts) == ("leased", 1)
        assert leased.job.due_at == NOON + LEASE
        assert (leased.payload, leased.tried) == ('{"key":"k1"}', False)
        found = await jobs.job(leased.job.id)
        assert found is not None
        assert (found.state, found.attempts, found.due_at) == ("leased", 0, NOON + LEASE)

    async def test_one_of_each_scope(self, jobs: JobStore) -> None:
        """In the order they were put in; the next only when the one before is done."""
        await put(jobs, "a1", "a2", "a3")
        await put(jobs, "b1", "b2", scope=BOB)
        await put(jobs, "c1", scope=Scope("alice", "clerk"))
        await put(jobs, "d1", scope=Scope("alice"))
        assert keys(await take(jobs)) == ["a1", "b1", "c1", "d1"]
        assert await take(jobs, "two") == []
        first, *_ = await jobs.jobs()
        assert await jobs.finish(first.id, owner="one", now=NOON)
        assert keys(await take(jobs, "two")) == ["a2"]

    async def test_a_limit_takes_the_oldest(self, jobs: JobStore) -> None:
        """By the order in which they were put in."""
        for number in range(5):
            await put(jobs, f"k{number}", scope=Scope("alice", None, f"{9 - number}"))
        assert keys(await take(jobs, limit=2)) == ["k0", "k1"]
        assert keys(await take(jobs, "two", limit=2)) == ["k2", "k3"]

    async def test_only_its_destination(self, jobs: JobStore) -> None:
        """Another's jobs neither come along nor stand in the way."""
        await put(jobs, "k1", destination="service:two")
        await put(jobs, "k2")
        assert keys(await take(jobs)) == ["k2"]
        assert keys(await take(jobs, destination="service:two")) == ["k1"]
        assert await take(jobs, destination="service") == []

    async def test_what_is_leased_is_left_alone(self, jobs: JobStore, second: JobStore) -> None:
        """Until the lease is over; then it may have been tried."""
        await put(jobs, "k1", "k2")
        await take(jobs)
        assert await take(second, "two", now=NOON + LEASE - SECOND) == []
        (leased,) = await take(second, "two", now=NOON + LEASE)
        assert (leased.job.key, leased.job.attempts, leased.tried) == ("k1", 1, True)
        assert await take(jobs, now=NOON + LEASE) == []

    async def test_an_owner_takes_back_its_own(self, jobs: JobStore) -> None:
        """At once, except for what it is at work on; it may have been tried."""
        await put(jobs, "a1", "a2")
        await put(jobs, "b1", scope=BOB)
        first, second = await take(jobs)
        (again,) = await take(jobs, held=[first.job.id])
        assert (again.job.id, again.tried) == (second.job.id, True)
        assert await take(jobs, held=[first.job.id, second.job.id]) == []
        assert await take(jobs, now=NOON + HOUR, held=[first.job.id, second.job.id]) == []
        assert keys(await take(jobs)) == ["a1", "b1"]

    async def test_workers_at_the_same_time(self, jobs: JobStore, second: JobStore) -> None:
        """Nobody gets what somebody else has."""
        for number in range(30):
            await put(jobs, f"k{number}", scope=Scope("alice", None, str(number)))
        stores = [jobs, second] * 10
        found = await asyncio.gather(
            *(take(store, f"worker {n}", limit=2) for n, store in enumerate(stores))
        )
        taken = [key for leased in found for key in keys(leased)]
        assert sorted(taken) == sorted(f"k{number}" for number in range(30))

    async def test_extending(self, jobs: JobStore, second: JobStore) -> None:
        """Keeps a lease; tells which are lost."""
        await put(jobs, "a1")
        await put(jobs, "b1", scope=BOB)
        first, other = [leased.job.id for leased in await take(jobs)]
        later = NOON + LEASE
        assert await jobs.extend([first], owner="one", until=later + LEASE) == {first}
        (leased,) = await take(second, "two", now=later)
        assert leased.job.id == other
        assert await jobs.extend([first, other], owner="one", until=later + LEASE) == {first}
        assert await jobs.extend([], owner="one", until=later) == set()
        assert await jobs.extend(["nonsense"], owner="one", until=later) == set()
        found = await jobs.job(other)
        assert found is not None
        assert found.due_at == later + LEASE

    async def test_a_lease_that_is_over_can_be_extended(self, jobs: JobStore) -> None:
        """As long as nobody has taken it over."""
        (job,) = await put(jobs, "k1")
        await take(jobs)
        assert await jobs.extend([job.id], owner="one", until=NOON + HOUR) == {job.id}

    async def test_a_clock_that_was_set_back(self, jobs: JobStore) -> None:
        """What lies further ahead than anything can lie is due."""
        (job,) = await put(jobs, "k1")
        await take(jobs)
        early = NOON - HOUR
        assert keys(await take(jobs, "two", now=early)) == ["k1"]
        until = early + HOUR
        await jobs.postpone(job.id, owner="two", until=until, error=ValueError(), counted=True)
        assert await take(jobs, now=until - LONGEST) == []
        assert keys(await take(jobs, now=until - LONGEST - SECOND)) == ["k1"]

    async def test_a_lane_waits_for_whatever_of_it_is_in_hands(self, jobs: JobStore) -> None:
        """A job that is tried again does not overtake a later one that is being delivered."""
        first, _ = await put(jobs, "k1", "k2")
        await take(jobs)
        await jobs.park(first.id, owner="one", now=NOON, error=ValueError())
        (leased,) = await take(jobs)
        assert leased.job.key == "k2"
        await jobs.retry([first.id], now=NOON)
        assert await take(jobs, "two") == []
        assert await take(jobs, held=[leased.job.id]) == []
        assert keys(await take(jobs, "two", now=NOON + LEASE)) == ["k1"]
