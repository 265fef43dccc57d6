"""What the tests put in, and how they take it out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import uuid_utils

from remanence.store.jobs import Job, JobStore, LeasedJob, NewJob, Quota
from remanence.types import Scope

__all__ = [
    "ALICE",
    "AMPLE",
    "BOB",
    "HOUR",
    "LEASE",
    "LONGEST",
    "NOON",
    "PLACE",
    "SECOND",
    "keys",
    "new_id",
    "new_job",
    "put",
    "take",
]

NOON = dt.datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
HOUR = dt.timedelta(hours=1)
LEASE = 30 * SECOND
LONGEST = 300 * SECOND

PLACE = "service:one"
ALICE = Scope("alice", "clerk", "monday")
BOB = Scope("bob", "clerk", "monday")
AMPLE = Quota(1_000_000, 1_000_000_000)


def new_id() -> str:
    """Return an id that no job has."""
    return str(uuid_utils.uuid7())


def new_job(
    key: str = "k1",
    scope: Scope = ALICE,
    *,
    destination: str = PLACE,
    kind: str = "retain",
    payload: str | None = None,
    at: dt.datetime = NOON,
    due_at: dt.datetime | None = None,
) -> NewJob:
    """Return a job to put in; it carries its key."""
    carried = f'{{"key":"{key}"}}' if payload is None else payload
    return NewJob(new_id(), kind, destination, scope, key, carried, at, due_at)


async def put(
    jobs: JobStore, *names: str, scope: Scope = ALICE, destination: str = PLACE
) -> list[Job]:
    """Put jobs with these keys in, in one call."""
    new = [new_job(key, scope, destination=destination) for key in names]
    return await jobs.enqueue(new, quota=AMPLE)


async def take(
    jobs: JobStore,
    owner: str = "one",
    *,
    now: dt.datetime = NOON,
    limit: int = 10,
    destination: str = PLACE,
    held: Sequence[str] = (),
    longest: dt.timedelta = LONGEST,
) -> list[LeasedJob]:
    """Lease what is due."""
    return await jobs.lease(
        destination,
        owner=owner,
        now=now,
        lease=LEASE,
        longest=longest,
        limit=limit,
        held=held,
    )


def keys(found: Sequence[Job] | Sequence[LeasedJob]) -> list[str]:
    """Return the keys of jobs, in order."""
    return [one.job.key if isinstance(one, LeasedJob) else one.key for one in found]
