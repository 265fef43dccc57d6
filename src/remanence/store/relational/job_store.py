"""Jobs in tables, over the threads of the store that has them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from remanence.store.jobs import Job, JobCounts, JobState, LeasedJob, NewJob, Quota
from remanence.store.relational import jobs as work
from remanence.store.relational.database import Runs
from remanence.types import Filter

__all__ = ["Listen", "RelationalJobs"]

Listen = Callable[[str, Callable[[], None]], Callable[[], None]]
"""Has something called when jobs are put in for a destination; returns what ends that."""


def _nothing() -> None:
    """End what never began."""


class RelationalJobs:
    """Keeps jobs in a store's tables; fulfils :class:`remanence.store.jobs.JobStore`.

    Calls may come from any event loop, while the store is open.

    Args:
        write: Runs work in a write transaction.
        read: Runs work that reads.
        listen: Hears of what other processes put in, if the store does.
    """

    def __init__(self, *, write: Runs, read: Runs, listen: Listen | None = None) -> None:
        """Keep the ways to the store's threads."""
        self._write = write
        self._read = read
        self._listen = listen

    def listen(self, destination: str, tell: Callable[[], None]) -> Callable[[], None]:
        """Hear of what other processes put in; see :class:`~remanence.store.jobs.JobStore`."""
        return _nothing if self._listen is None else self._listen(destination, tell)

    async def enqueue(self, jobs: Sequence[NewJob], *, quota: Quota) -> list[Job]:
        """Put jobs in; see :class:`~remanence.store.jobs.JobStore`."""
        return await self._write(work.enqueue, jobs, quota)

    async def follow(self, jobs: Sequence[NewJob]) -> None:
        """Put in what is not waiting; see :class:`~remanence.store.jobs.JobStore`."""
        await self._write(work.follow, jobs)

    async def lease(
        self,
        destination: str,
        *,
        owner: str,
        now: dt.datetime,
        lease: dt.timedelta,
        longest: dt.timedelta,
        limit: int,
        held: Sequence[str] = (),
    ) -> list[LeasedJob]:
        """Take jobs that are due; see :class:`~remanence.store.jobs.JobStore`."""
        return await self._write(
            work.lease, destination, owner, now, lease, longest, limit, tuple(held)
        )

    async def extend(self, ids: Sequence[str], *, owner: str, until: dt.datetime) -> set[str]:
        """Extend leases; see :class:`~remanence.store.jobs.JobStore`."""
        return await self._write(work.extend, tuple(ids), owner, until)

    async def finish(self, id: str, *, owner: str, now: dt.datetime) -> bool:  # noqa: A002 - the field's name
        """Mark a job as done; see :class:`~remanence.store.jobs.JobStore`."""
        return await self._write(work.finish, id, owner, now)

    async def postpone(
        self,
        id: str,  # noqa: A002 - the field's name
        *,
        owner: str,
        until: dt.datetime,
        error: Exception,
        counted: bool,
    ) -> bool:
        """Put a failed job off; see :class:`~remanence.store.jobs.JobStore`."""
        return await self._write(work.postpone, id, owner, until, error, counted)

    async def give_back(
        self, ids: Sequence[str] | None, *, owner: str, now: dt.datetime, tried: bool
    ) -> set[str]:
        """Give jobs back; see :class:`~remanence.store.jobs.JobStore`."""
        named = None if ids is None else tuple(ids)
        return await self._write(work.give_back, named, owner, now, tried)

    async def park(self, id: str, *, owner: str, now: dt.datetime, error: Exception) -> bool:  # noqa: A002 - the field's name
        """Set a job aside; see :class:`~remanence.store.jobs.JobStore`."""
        return await self._write(work.park, id, owner, now, error)

    async def job(self, id: str) -> Job | None:  # noqa: A002 - the field's name
        """Return a job; see :class:`~remanence.store.jobs.JobStore`."""
        return await self._read(work.job, id)

    async def jobs(
        self,
        *,
        destination: str | None = None,
        user_id: str | None = None,
        states: Sequence[JobState] = (),
        after: str | None = None,
        limit: int = 100,
    ) -> list[Job]:
        """List jobs; see :class:`~remanence.store.jobs.JobStore`."""
        return await self._read(work.list_jobs, destination, user_id, states, after, limit)

    async def job_counts(self) -> list[JobCounts]:
        """Count jobs; see :class:`~remanence.store.jobs.JobStore`."""
        return await self._read(work.count_jobs)

    async def next_due(self, destination: str) -> dt.datetime | None:
        """Return when a job comes due; see :class:`~remanence.store.jobs.JobStore`."""
        return await self._read(work.next_due, destination)

    async def lane_head(self, id: str) -> Job | None:  # noqa: A002 - the field's name
        """Return whose turn it is; see :class:`~remanence.store.jobs.JobStore`."""
        return await self._read(work.lane_head, id)

    async def hasten(
        self, destination: str, *, now: dt.datetime, user_id: str | None = None
    ) -> int:
        """Make waiting jobs due; see :class:`~remanence.store.jobs.JobStore`."""
        return await self._write(work.hasten, destination, now, user_id)

    async def retry(self, ids: Sequence[str], *, now: dt.datetime) -> list[Job]:
        """Make jobs due at once; see :class:`~remanence.store.jobs.JobStore`."""
        return await self._write(work.retry, tuple(ids), now)

    async def drop(self, ids: Sequence[str], *, now: dt.datetime) -> list[Job]:
        """Remove jobs; see :class:`~remanence.store.jobs.JobStore`."""
        return await self._write(work.drop, tuple(ids), now)

    async def prune(self, destination: str, *, before: dt.datetime, limit: int) -> int:
        """Forget done jobs; see :class:`~remanence.store.jobs.JobStore`."""
        return await self._write(work.prune, destination, before, limit)

    async def erase_jobs(self, where: Filter) -> int:
        """Remove the jobs of a user; see :class:`~remanence.store.jobs.JobStore`."""
        return await self._write(work.erase_jobs, where)
