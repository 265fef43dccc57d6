"""What ``remanence doctor`` finds, and what it says of any database's outbox."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Literal

from remanence.cli.database import Place, jobs_at
from remanence.cli.output import counted
from remanence.clock import SystemClock
from remanence.errors import DimensionError
from remanence.store.jobs import Job, JobCounts

__all__ = ["Finding", "State", "about_jobs"]

_LONG_WAIT = dt.timedelta(minutes=10)
_PARKED_LOOKED_AT = 1_000

State = Literal["ok", "warning", "error"]


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Attributes:
        state: How it is.
        about: What was looked at.
        found: What was found.
        fix: What to do; empty when nothing is wrong, or when what was found says it.
    """

    state: State
    about: str
    found: str
    fix: str = ""


async def about_jobs(place: Place) -> list[Finding]:
    """Look at the jobs of a database whose schema is the newest one."""
    async with jobs_at(place) as jobs:
        destinations = await jobs.job_counts()
        parked = await jobs.jobs(states=["parked"], limit=_PARKED_LOOKED_AT)
    if not destinations:
        return [Finding("ok", "outbox", "nothing was ever put in")]
    findings: list[Finding] = []
    for counts in destinations:
        of_it = [job for job in parked if job.destination == counts.destination]
        findings += _about_destination(counts, of_it, place)
    return findings


def _about_destination(counts: JobCounts, parked: list[Job], place: Place) -> Iterator[Finding]:
    about = f"outbox for {counts.destination}"
    waiting = counts.pending + counts.leased
    if counts.parked:
        found, fix = _told(counts.parked, parked, place)
        yield Finding("error", about, found, fix)
    now = SystemClock().now()
    if waiting and counts.oldest_at is not None and now - counts.oldest_at > _LONG_WAIT:
        since = counts.oldest_at.astimezone().isoformat(sep=" ", timespec="minutes")
        found = f"{counted(waiting, 'write')} not delivered, the oldest since {since}"
        fix = "see that the service can be reached, and that a process that delivers to it runs"
        yield Finding("warning", about, found, fix)
    elif not counts.parked:
        yield Finding("ok", about, f"{counted(waiting, 'write')} to deliver")


def _told(number: int, parked: list[Job], place: Place) -> tuple[str, str]:
    """Return what is parked and what to do, in the words of the newest one's error."""
    last = parked[-1] if parked else None
    kind = None if last is None else last.error_kind
    reason = "" if last is None else ": ".join(filter(None, (kind, last.error)))
    found = f"{counted(number, 'write')} set aside; the last because of {reason or 'an error'}"
    retry = f"then 'remanence outbox retry --all-parked --db {place.quoted}'"
    if kind == DimensionError.__name__:
        fix = f"use the embedding model that the store was made with, or a new store; {retry}"
    else:
        listed = f"'remanence outbox list --state parked --db {place.quoted}'"
        fix = f"see {listed}, mend the cause, {retry}"
    return found, fix
