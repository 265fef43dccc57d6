"""What a store has to be able to do to hold work that is still to be done.

A job is *pending* until a worker *leases* it; then it is *done*, pending again (with a time before
which it is not tried), or *parked*: set aside with its error until somebody looks. A lease ends by
itself, so that the work of a process that died is taken over.

Jobs of one destination and scope are done in the order in which they were put in: the next one is
leased only when those before it are done or parked, and none of them is in a worker's hands. What a
job carries is content, and is kept apart from the job: a list of jobs shows names, ids and times,
never what somebody said.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Literal, Protocol, get_args

from remanence.errors import RemanenceError
from remanence.types import Filter, Scope

__all__ = [
    "JOB_STATES",
    "Job",
    "JobCounts",
    "JobState",
    "JobStore",
    "LeasedJob",
    "NewJob",
    "Quota",
    "words_of",
]

JobState = Literal["pending", "leased", "parked", "done"]
JOB_STATES: tuple[JobState, ...] = get_args(JobState)

_MOST_WORDS = 500


def words_of(error: Exception) -> str | None:
    """Return what a job keeps of an error's message: 500 characters at most.

    ``None`` for an error that Remanence does not raise on purpose, or that says nothing: words that
    nobody chose may quote what the job carries.
    """
    if not isinstance(error, RemanenceError):
        return None
    words = str(error).encode(errors="replace").decode().replace("\x00", "")
    return words[:_MOST_WORDS] or None


@dataclasses.dataclass(frozen=True, slots=True)
class NewJob:
    """Work to be done.

    Attributes:
        id: Its id, a UUID of version 7.
        kind: What is to be done, in a word: the handler knows it.
        destination: The identity of what it is for: only a worker of that destination leases it.
        scope: Whose, and in which order: jobs of one destination and scope keep theirs.
        key: Its idempotency key, unique in its destination for its user.
        payload: What is to be done, as JSON text that names its version.
        created_at: When it was put in.
        due_at: Before when it is not tried; ``None``: it is due at once.
    """

    id: str
    kind: str
    destination: str
    scope: Scope
    key: str
    payload: str
    created_at: dt.datetime
    due_at: dt.datetime | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """A job as it is listed, without what it carries.

    Attributes:
        id: Its id.
        kind: What is to be done.
        destination: The identity of what it is for.
        scope: Whose.
        key: Its idempotency key.
        state: How far it has come.
        attempts: How many attempts counted against it: those that failed, and that a service was
            there for.
        created_at: When it was put in.
        due_at: Before when it is not tried, for a pending job; when its lease ends, for a leased
            one; when that came to be, for the others.
        error_kind: The class of the last failed attempt's error, or ``None``.
        error: What that error said, as :func:`words_of` tells, or ``None``.
    """

    id: str
    kind: str
    destination: str
    scope: Scope
    key: str
    state: JobState
    attempts: int
    created_at: dt.datetime
    due_at: dt.datetime
    error_kind: str | None = None
    error: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class LeasedJob:
    """A job in a worker's hands.

    Attributes:
        job: The job; its ``attempts`` include this one.
        payload: What it carries.
        tried: Whether an earlier attempt may have reached the service: it failed on the way, or
            whoever held the lease never told how it went.
    """

    job: Job
    payload: str
    tried: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Quota:
    """How much may wait for one destination, parked jobs included.

    Attributes:
        jobs: How many jobs.
        payload_bytes: How many bytes of what they carry, in UTF-8.
    """

    jobs: int
    payload_bytes: int


@dataclasses.dataclass(frozen=True, slots=True)
class JobCounts:
    """How many jobs one destination has.

    Attributes:
        destination: Its identity.
        pending: How many wait to be tried.
        leased: How many a worker holds.
        parked: How many are set aside.
        done: How many are done, as far as they are remembered.
        payload_bytes: The size of what the unfinished ones carry, in bytes.
        oldest_at: When the oldest unfinished one was put in, or ``None`` if there is none.
    """

    destination: str
    pending: int
    leased: int
    parked: int
    done: int
    payload_bytes: int
    oldest_at: dt.datetime | None


class JobStore(Protocol):
    """Keeps jobs. All changes are durable when a call returns, all of a call or none of it."""

    def listen(self, destination: str, tell: Callable[[], None]) -> Callable[[], None]:
        """Have something called when another process puts jobs in, as far as the store hears of it.

        Args:
            destination: For which destination.
            tell: What is called, in whatever thread; it must not wait.

        Returns:
            What ends that.
        """
        ...

    async def enqueue(self, jobs: Sequence[NewJob], *, quota: Quota) -> list[Job]:
        """Put jobs in.

        A job whose key its destination already has for its user is not put in again: the one that
        is there is returned in its place, whatever its state.

        Returns:
            One job for each given, in order.

        Raises:
            OutboxFullError: The quota of a destination would be exceeded.
            StoreError: The store can't.
        """
        ...

    async def follow(self, jobs: Sequence[NewJob]) -> None:
        """Put jobs in that stand for whatever there is to do for their scope; no quota holds.

        A job is left out where one of its kind is pending for its destination and scope: the first
        such one will find what there is to do. If the job left out has a ``due_at``, the one that
        is kept is put off to then, so that it waits for a pause: by ten times the job's own wait
        since it was put in at most, never to an earlier time, and not at all once it was tried.
        """
        ...

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
        """Take up to ``limit`` jobs that are due, oldest first, one at most of each scope.

        Users take turns: of two that are due, the one comes first whose user has fewer in workers'
        hands or before it, so that nobody's flood holds up the others.

        Due are pending jobs whose time has come, and leased ones whose lease is over, or is already
        ``owner``'s own without being at work on it: of an earlier life of this worker, or taken by
        a call whose result never arrived.

        Args:
            destination: Whose jobs.
            owner: Who takes them; unique to a worker.
            now: The time.
            lease: How long the lease holds.
            longest: How far ahead a job's time can lie. What lies further ahead was written before
                the clock was set back, and is due.
            limit: How many to take at most.
            held: The ids of the jobs that ``owner`` is at work on.
        """
        ...

    async def extend(self, ids: Sequence[str], *, owner: str, until: dt.datetime) -> set[str]:
        """Extend leases; return the ids of those that ``owner`` still holds."""
        ...

    async def finish(self, id: str, *, owner: str, now: dt.datetime) -> bool:  # noqa: A002 - the field's name
        """Mark a job as done and drop what it carries; ``False`` if ``owner`` has lost it."""
        ...

    async def postpone(
        self,
        id: str,  # noqa: A002 - the field's name
        *,
        owner: str,
        until: dt.datetime,
        error: Exception,
        counted: bool,
    ) -> bool:
        """Put a failed job off; ``False`` if ``owner`` has lost it.

        Args:
            id: The job.
            owner: Who holds it.
            until: Before when it is not tried again.
            error: Why it failed.
            counted: Whether this attempt counts against it.
        """
        ...

    async def give_back(
        self, ids: Sequence[str] | None, *, owner: str, now: dt.datetime, tried: bool
    ) -> set[str]:
        """Give jobs back as if not taken; return the ids of those that ``owner`` held.

        Args:
            ids: The jobs; ``None`` for all that ``owner`` holds, also without knowing it.
            owner: Who holds them.
            now: The time, from which on they are due.
            tried: Whether they may have reached the service.
        """
        ...

    async def park(self, id: str, *, owner: str, now: dt.datetime, error: Exception) -> bool:  # noqa: A002 - the field's name
        """Set a job aside with its error; ``False`` if ``owner`` has lost it."""
        ...

    async def job(self, id: str) -> Job | None:  # noqa: A002 - the field's name
        """Return a job, or ``None`` if there is none of that id (any more)."""
        ...

    async def jobs(
        self,
        *,
        destination: str | None = None,
        user_id: str | None = None,
        states: Sequence[JobState] = (),
        after: str | None = None,
        limit: int = 100,
    ) -> list[Job]:
        """List jobs in the order they were put in; an empty list if there are none.

        Args:
            destination: Only this destination's.
            user_id: Only this user's.
            states: Only those in one of these states; empty for any.
            after: Only those put in after the job of this id; none if that one is gone.
            limit: How many to return at most.
        """
        ...

    async def job_counts(self) -> list[JobCounts]:
        """Count the jobs of each destination that has any, by destination."""
        ...

    async def next_due(self, destination: str) -> dt.datetime | None:
        """Return when a job that is pending or leased comes due, or ``None`` if there is none.

        Only the first of each scope counts: the others can't come before it.
        """
        ...

    async def lane_head(self, id: str) -> Job | None:  # noqa: A002 - the field's name
        """Return the job whose turn it is among those of a job's destination and scope.

        That is the first that is pending or leased; ``None`` if there is none, or no such job.
        """
        ...

    async def hasten(
        self, destination: str, *, now: dt.datetime, user_id: str | None = None
    ) -> int:
        """Make jobs that wait for their time, and were never tried, due now.

        Args:
            destination: Whose jobs.
            now: The time.
            user_id: Only this user's.

        Returns:
            How many were not due yet.
        """
        ...

    async def retry(self, ids: Sequence[str], *, now: dt.datetime) -> list[Job]:
        """Make parked and pending jobs due at once, with no attempt counted; return those.

        So is a leased one whose lease is over. Whether it may have reached the service is kept.
        """
        ...

    async def drop(self, ids: Sequence[str], *, now: dt.datetime) -> list[Job]:
        """Remove jobs that no worker holds, with what they carry; return those there were."""
        ...

    async def prune(self, destination: str, *, before: dt.datetime, limit: int) -> int:
        """Forget up to ``limit`` jobs of a destination that were done before a time.

        Returns:
            How many.
        """
        ...

    async def erase_jobs(self, where: Filter) -> int:
        """Remove the jobs of a user, or of one agent or session of theirs; return how many.

        Times in ``where`` are compared with when jobs were put in. A job that a worker holds goes
        as well, and its worker finds that it has lost it.
        """
        ...
