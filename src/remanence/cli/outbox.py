"""``remanence outbox``: what waits to be delivered, and what was set aside."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.filesize import decimal
from rich.prompt import Confirm

from remanence.cli.database import open_jobs
from remanence.cli.items import when
from remanence.cli.options import DatabaseOption, JsonOption
from remanence.cli.output import counted, notices, print_json, print_notice, print_table
from remanence.clock import SystemClock
from remanence.store.jobs import Job, JobCounts, JobState

__all__ = ["outbox"]

_PAGE = 1_000
_PREVIEWED = 5

outbox = typer.Typer(
    help="See what waits to be delivered to a memory service, and deal with what was set aside.",
    no_args_is_help=True,
)

_IdsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="IDS", help="Ids of jobs, as 'list' shows them.")
]
_AllParkedOption = Annotated[
    bool, typer.Option("--all-parked", help="All that are set aside, instead of ids.")
]


@outbox.command("status")
def status(*, db: DatabaseOption = None, as_json: JsonOption = False) -> None:
    """Count the jobs of each destination."""
    found = asyncio.run(_count(db))
    if as_json:
        for counts in found:
            print_json(_json_fields(counts))
    elif found:
        header = ("pending", "leased", "parked", "done", "size", "oldest", "destination")
        print_table(header, [_counts_row(counts) for counts in found])
    else:
        print_notice("Nothing was put in yet.")


@outbox.command("list")
def list_jobs(
    *,
    state: Annotated[
        JobState | None, typer.Option("--state", help="Only those in this state.")
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="NAME", help="Only this user's.")
    ] = None,
    destination: Annotated[
        str | None,
        typer.Option("--destination", metavar="NAME", help="Only this destination's."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many to list at most.")] = 100,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List jobs in the order they were put in, without what they carry."""
    jobs = asyncio.run(_list(db, state, user, destination, limit + 1))
    more = len(jobs) > limit
    _print_jobs(jobs[:limit], as_json=as_json)
    if more:
        print_notice(f"There is more than these {limit:,}: raise --limit.")


@outbox.command("retry")
def retry(
    ids: _IdsArgument = None,
    *,
    all_parked: _AllParkedOption = False,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have jobs tried again at once, as if they had never failed.

    They are delivered by a process that has the service configured, as soon as one runs.
    """
    wanted = _wanted(db, ids, all_parked=all_parked)
    jobs = asyncio.run(_retry(db, wanted))
    _print_missing(wanted, jobs)
    if as_json:
        _print_jobs(jobs, as_json=True)
    print_notice(f"To be tried again: {counted(len(jobs), 'job')}")


@outbox.command("drop")
def drop(
    ids: _IdsArgument = None,
    *,
    all_parked: _AllParkedOption = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove jobs for good, with what they carry: it is not delivered any more.

    Shows which they are and asks, unless --yes is given. A job that is being delivered stays.
    """
    wanted = _wanted(db, ids, all_parked=all_parked)
    found = asyncio.run(_look(db, wanted))
    _print_doomed(found)
    # Asked outside the event loop, so that one Ctrl-C ends the question.
    if not yes and found and not _agreed():
        print_notice("Nothing was dropped.")
        raise typer.Exit(1)
    jobs = asyncio.run(_drop(db, [job.id for job in found]))
    _print_missing(wanted, jobs)
    if as_json:
        _print_jobs(jobs, as_json=True)
    print_notice(f"Dropped: {counted(len(jobs), 'job')}")


def _agreed() -> bool:
    try:
        return Confirm.ask("Drop for good?", console=notices(), default=False)
    except EOFError:  # nobody is there to answer
        return False


def _wanted(db: str | None, ids: list[str] | None, *, all_parked: bool) -> list[str]:
    """Return the ids that a command names."""
    if bool(ids) == all_parked:
        raise typer.BadParameter("give ids, or --all-parked: one of them")
    if ids:
        return list(dict.fromkeys(ids))
    return [job.id for job in asyncio.run(_list(db, "parked", None, None, None))]


async def _count(db: str | None) -> list[JobCounts]:
    async with open_jobs(db) as jobs:
        return await jobs.job_counts()


async def _list(
    db: str | None,
    state: JobState | None,
    user: str | None,
    destination: str | None,
    limit: int | None,
) -> list[Job]:
    """List jobs page by page; all of them without a limit."""
    found: list[Job] = []
    async with open_jobs(db) as jobs:
        while limit is None or len(found) < limit:
            page = await jobs.jobs(
                destination=destination,
                user_id=user,
                states=[] if state is None else [state],
                after=found[-1].id if found else None,
                limit=_PAGE if limit is None else min(_PAGE, limit - len(found)),
            )
            if not page:
                break
            found += page
    return found


async def _retry(db: str | None, ids: list[str]) -> list[Job]:
    async with open_jobs(db) as jobs:
        return await jobs.retry(ids, now=SystemClock().now())


async def _look(db: str | None, ids: list[str]) -> list[Job]:
    async with open_jobs(db) as jobs:
        return [job for job in [await jobs.job(name) for name in ids] if job is not None]


async def _drop(db: str | None, ids: list[str]) -> list[Job]:
    async with open_jobs(db) as jobs:
        return await jobs.drop(ids, now=SystemClock().now())


def _local(time: dt.datetime) -> str:
    return when(time.astimezone())


def _counts_row(counts: JobCounts) -> tuple[str, ...]:
    return (
        f"{counts.pending:,}",
        f"{counts.leased:,}",
        f"{counts.parked:,}",
        f"{counts.done:,}",
        decimal(counts.payload_bytes),
        "-" if counts.oldest_at is None else _local(counts.oldest_at),
        counts.destination,
    )


def _job_row(job: Job) -> tuple[str, ...]:
    error = "-" if job.error_kind is None else ": ".join(filter(None, (job.error_kind, job.error)))
    return (
        job.id,
        job.state,
        str(job.attempts),
        _local(job.created_at),
        _local(job.due_at),
        job.kind,
        job.scope.user_id,
        job.destination,
        error,
    )


def _print_jobs(jobs: Sequence[Job], *, as_json: bool) -> None:
    if as_json:
        for job in jobs:
            print_json(_json_fields(job))
    elif jobs:
        header = ("id", "state", "attempts", "put in", "due", "kind", "user", "destination")
        print_table((*header, "error"), [_job_row(job) for job in jobs])
    else:
        print_notice("Nothing found.")


def _print_doomed(jobs: Sequence[Job]) -> None:
    if not jobs:
        print_notice("There is nothing to drop.")
        return
    print_notice(f"To be dropped: {counted(len(jobs), 'job')}")
    for job in jobs[:_PREVIEWED]:
        about = (_local(job.created_at), job.state, job.kind, job.scope.user_id, job.id)
        print_notice("  ".join(about))
    if len(jobs) > _PREVIEWED:
        print_notice(f"  … and {len(jobs) - _PREVIEWED:,} more")


def _print_missing(wanted: Sequence[str], jobs: Sequence[Job]) -> None:
    found = {job.id for job in jobs}
    for name in wanted:
        if name not in found:
            print_notice(f"Not found, or not to be changed now: {name}")


def _json_fields(record: Job | JobCounts) -> dict[str, Any]:
    """Return a record as JSON holds it: times in ISO 8601, a scope's ids beside the job's own."""
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if field.name == "scope":
            fields |= dataclasses.asdict(value)
        else:
            fields[field.name] = value.isoformat() if isinstance(value, dt.datetime) else value
    return fields
