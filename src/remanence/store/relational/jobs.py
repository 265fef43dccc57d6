"""What is done with jobs inside a transaction."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from remanence.errors import OutboxFullError
from remanence.store.jobs import (
    JOB_STATES,
    Job,
    JobCounts,
    JobState,
    LeasedJob,
    NewJob,
    Quota,
    words_of,
)
from remanence.store.relational.database import Database, Row
from remanence.store.relational.rows import filter_parameters, scope_parameters, to_id, to_text
from remanence.store.times import to_microseconds, to_time
from remanence.types import Filter, Scope

__all__ = [
    "count_jobs",
    "drop",
    "enqueue",
    "erase_jobs",
    "extend",
    "finish",
    "follow",
    "give_back",
    "hasten",
    "job",
    "lane_head",
    "lease",
    "list_jobs",
    "next_due",
    "park",
    "postpone",
    "prune",
    "retry",
]


def _job_of(row: Row) -> Job:
    found, kind, destination, user_id, agent_id, session_id, key = row[:7]
    state, attempts, created_at, due_at, error_kind, error = row[7:13]
    return Job(
        id=to_text(found),
        kind=kind,
        destination=destination,
        scope=Scope(user_id, agent_id or None, session_id or None),
        key=key,
        state=JOB_STATES[int(state)],
        attempts=attempts,
        created_at=to_time(created_at),
        due_at=to_time(due_at),
        error_kind=error_kind,
        error=error,
    )


def _known(ids: Sequence[str]) -> list[bytes]:
    """Return the bytes of ids, each once; what is no UUID names no job."""
    return list(dict.fromkeys(data for data in map(to_id, ids) if data is not None))


def enqueue(database: Database, jobs: Sequence[NewJob], quota: Quota) -> list[Job]:
    """Put jobs in; see :meth:`remanence.store.jobs.JobStore.enqueue`."""
    stored: list[Job] = []
    grown: dict[str, None] = {}
    for new in jobs:
        values = _values(new)
        database.enter(new.scope.user_id)
        row = database.row("job_by_key", values)
        if row is None:
            row = database.one("add_job", values)
            database.run("add_payload", values)
            grown[new.destination] = None
        stored.append(_job_of(row))
    for destination in grown:
        _check_quota(database, destination, quota)
    return stored


def _values(new: NewJob) -> dict[str, Any]:
    return {
        **scope_parameters(new.scope),
        "destination": new.destination,
        "key": new.key,
        "id": to_id(new.id),
        "kind": new.kind,
        "created_at": to_microseconds(new.created_at),
        "due_at": to_microseconds(new.due_at or new.created_at),
        "payload": new.payload,
        "payload_bytes": len(new.payload.encode()),
    }


def follow(database: Database, jobs: Sequence[NewJob]) -> None:
    """Put in what is not waiting; see :meth:`remanence.store.jobs.JobStore.follow`."""
    for new in jobs:
        database.enter(new.scope.user_id)
        created_at = to_microseconds(new.created_at)
        until = None if new.due_at is None else to_microseconds(new.due_at)
        values = {
            **_values(new),
            "put_off_until": until,
            "wait": None if until is None else until - created_at,
        }
        database.run("follow_job", values)


def _check_quota(database: Database, destination: str, quota: Quota) -> None:
    """Refuse what was just put in, which undoes it, if that is too much."""
    database.across()
    jobs, payload_bytes = database.one("waiting", {"destination": destination})
    if jobs > quota.jobs or payload_bytes > quota.payload_bytes:
        raise OutboxFullError(
            f"{jobs:,} jobs of {payload_bytes:,} bytes would wait for {destination}, and at most "
            f"{quota.jobs:,} jobs of {quota.payload_bytes:,} bytes may; find what holds them up "
            "with 'remanence outbox status' and 'remanence outbox list', or raise most_jobs and "
            "most_bytes in OutboxSettings"
        )


def lease(
    database: Database,
    destination: str,
    owner: str,
    now: dt.datetime,
    lease: dt.timedelta,
    longest: dt.timedelta,
    limit: int,
    held: Sequence[str],
) -> list[LeasedJob]:
    """Take jobs that are due; see :meth:`remanence.store.jobs.JobStore.lease`."""
    database.across()
    times = {"now": to_microseconds(now), "horizon": to_microseconds(now + longest)}
    found = database.rows(
        "due_jobs",
        {
            **times,
            "destination": destination,
            "owner": owner,
            "limit": limit,
            "held": json.dumps([data.hex() for data in _known(held)]),
        },
    )
    taken: list[tuple[int, bool, Job]] = []
    until = to_microseconds(now + lease)
    for number, tried in found:
        place = {**times, "number": number, "owner": owner, "until": until, "tried": tried}
        row = database.row("lease_job", place)
        if row is not None:  # else somebody has taken one of its lane meanwhile
            taken.append((number, bool(tried), _job_of(row)))
    return [
        LeasedJob(job, _payload(database, number, job.scope.user_id), tried=tried)
        for number, tried, job in taken
    ]


def _payload(database: Database, number: int, user_id: str) -> str:
    database.enter(user_id)
    return database.one("payload", {"number": number, "user_id": user_id})[0]


def _of_owner(
    database: Database, name: str, ids: Sequence[str], owner: str, values: dict[str, Any]
) -> dict[bytes, Row]:
    """Run a statement for each job that ``owner`` holds; return its row by the job's id."""
    found: dict[bytes, Row] = {}
    database.across()
    for data in _known(ids):
        row = database.row(name, {**values, "id": data, "owner": owner})
        if row is not None:
            found[data] = row
    return found


def extend(database: Database, ids: Sequence[str], owner: str, until: dt.datetime) -> set[str]:
    """Extend leases; see :meth:`remanence.store.jobs.JobStore.extend`."""
    values = {"until": to_microseconds(until)}
    return set(map(to_text, _of_owner(database, "extend_lease", ids, owner, values)))


def finish(database: Database, id_: str, owner: str, now: dt.datetime) -> bool:
    """Mark a job as done; see :meth:`remanence.store.jobs.JobStore.finish`."""
    values = {"now": to_microseconds(now)}
    for number, user_id in _of_owner(database, "finish_job", [id_], owner, values).values():
        database.enter(user_id)
        database.run("drop_payload", {"number": number, "user_id": user_id})
        return True
    return False


def _told(error: Exception) -> dict[str, str | None]:
    return {"error_kind": type(error).__name__, "error": words_of(error)}


def postpone(
    database: Database, id_: str, owner: str, until: dt.datetime, error: Exception, counted: bool
) -> bool:
    """Put a job off; see :meth:`remanence.store.jobs.JobStore.postpone`."""
    values = {"until": to_microseconds(until), "counted": counted, **_told(error)}
    return bool(_of_owner(database, "postpone_job", [id_], owner, values))


def give_back(
    database: Database, ids: Sequence[str] | None, owner: str, now: dt.datetime, tried: bool
) -> set[str]:
    """Give jobs back; see :meth:`remanence.store.jobs.JobStore.give_back`."""
    values = {"now": to_microseconds(now), "tried": tried}
    if ids is None:
        database.across()
        rows = database.rows("give_back_all", {**values, "owner": owner})
        return {to_text(data) for (data,) in rows}
    return set(map(to_text, _of_owner(database, "give_back_job", ids, owner, values)))


def park(database: Database, id_: str, owner: str, now: dt.datetime, error: Exception) -> bool:
    """Set a job aside; see :meth:`remanence.store.jobs.JobStore.park`."""
    values = {"now": to_microseconds(now), **_told(error)}
    return bool(_of_owner(database, "park_job", [id_], owner, values))


def job(database: Database, id_: str) -> Job | None:
    """Return a job, or ``None``."""
    database.across()
    row = database.row("job", {"id": to_id(id_)})
    return None if row is None else _job_of(row)


def list_jobs(
    database: Database,
    destination: str | None,
    user_id: str | None,
    states: Sequence[JobState],
    after: str | None,
    limit: int,
) -> list[Job]:
    """List jobs; see :meth:`remanence.store.jobs.JobStore.jobs`."""
    database.across()
    place = None if after is None else to_id(after)
    if after is not None and place is None:
        return []
    parameters = {
        "destination": destination,
        "user_id": user_id,
        "states": json.dumps([JOB_STATES.index(state) for state in states]) if states else None,
        "after": None if place is None else place.hex(),
        "limit": limit,
    }
    return list(map(_job_of, database.rows("list_jobs", parameters)))


def count_jobs(database: Database) -> list[JobCounts]:
    """Count jobs by destination; see :meth:`remanence.store.jobs.JobStore.job_counts`."""
    database.across()
    return [
        JobCounts(
            destination=destination,
            pending=pending,
            leased=leased,
            parked=parked,
            done=done,
            payload_bytes=payload_bytes,
            oldest_at=None if oldest_at is None else to_time(oldest_at),
        )
        for destination, pending, leased, parked, done, payload_bytes, oldest_at in database.rows(
            "count_jobs", {}
        )
    ]


def next_due(database: Database, destination: str) -> dt.datetime | None:
    """Return when a job comes due; see :meth:`remanence.store.jobs.JobStore.next_due`."""
    database.across()
    due_at: int | None = database.one("next_due", {"destination": destination})[0]
    return None if due_at is None else to_time(due_at)


def lane_head(database: Database, id_: str) -> Job | None:
    """Return whose turn it is; see :meth:`remanence.store.jobs.JobStore.lane_head`."""
    database.across()
    row = database.row("lane_head", {"id": to_id(id_)})
    return None if row is None else _job_of(row)


def hasten(database: Database, destination: str, now: dt.datetime, user_id: str | None) -> int:
    """Make waiting jobs due; see :meth:`remanence.store.jobs.JobStore.hasten`."""
    values = {"destination": destination, "now": to_microseconds(now), "user_id": user_id}
    database.across()
    return len(database.rows("hasten_jobs", values))


def retry(database: Database, ids: Sequence[str], now: dt.datetime) -> list[Job]:
    """Make jobs due at once; see :meth:`remanence.store.jobs.JobStore.retry`."""
    values = {"now": to_microseconds(now)}
    database.across()
    found = (database.row("retry_job", {**values, "id": data}) for data in _known(ids))
    return [_job_of(row) for row in found if row is not None]


def drop(database: Database, ids: Sequence[str], now: dt.datetime) -> list[Job]:
    """Remove jobs; see :meth:`remanence.store.jobs.JobStore.drop`."""
    dropped: list[Job] = []
    for data in _known(ids):
        database.across()
        row = database.row("drop_job", {"id": data, "now": to_microseconds(now)})
        if row is not None:
            dropped.append(_job_of(row))
            user_id = dropped[-1].scope.user_id
            database.enter(user_id)
            database.run("drop_payload", {"number": row[13], "user_id": user_id})
    return dropped


def prune(database: Database, destination: str, before: dt.datetime, limit: int) -> int:
    """Forget done jobs; see :meth:`remanence.store.jobs.JobStore.prune`."""
    values = {
        "destination": destination,
        "before": to_microseconds(before),
        "limit": limit,
    }
    database.across()
    return len(database.rows("prune_jobs", values))


def erase_jobs(database: Database, where: Filter) -> int:
    """Remove the jobs of a user; see :meth:`remanence.store.jobs.JobStore.erase_jobs`."""
    database.enter(where.user_id)
    rows = database.rows("erase_jobs", filter_parameters(where))
    names = ("number", "user_id")
    database.run_many("drop_payload", [dict(zip(names, row, strict=True)) for row in rows])
    return len(rows)
