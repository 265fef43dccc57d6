"""``remanence doctor``: what is wrong with a database, and what to do about it."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.filesize import decimal

from remanence.cli.database import existing_path, open_jobs
from remanence.cli.key import given_key
from remanence.cli.options import DatabaseOption, JsonOption
from remanence.cli.output import counted, print_json, print_text
from remanence.clock import SystemClock
from remanence.errors import DimensionError, NotADatabaseError, RemanenceError
from remanence.store.jobs import Job, JobCounts

if TYPE_CHECKING:
    from remanence.store.sqlite.inspection import Inspection

__all__ = ["doctor"]

_LITTLE_SPACE = 100_000_000
_LONG_LOG = 64_000_000
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
        fix: What to do; empty when nothing is wrong.
    """

    state: State
    about: str
    found: str
    fix: str = ""


def doctor(
    *,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Check every index, which takes long.")
    ] = False,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look for what is wrong with a database, and say what to do about it.

    Nothing is changed. The exit code is 1 if anything is an error.
    """
    path = existing_path(db, "name the file of a memory or of an outbox")
    findings = _look(path, thorough=thorough)
    for finding in findings:
        if as_json:
            print_json(dataclasses.asdict(finding))
        else:
            print_text(f"{finding.state:<8} {finding.about}: {finding.found}")
            if finding.fix:
                print_text(f"{'':<8} → {finding.fix}")
    if any(finding.state == "error" for finding in findings):
        raise typer.Exit(1)


def _look(path: Path, *, thorough: bool) -> list[Finding]:
    from remanence.store.sqlite.inspection import inspect

    try:
        seen = inspect(path, key=given_key(), thorough=thorough)
    except RemanenceError as error:
        unreadable = isinstance(error, NotADatabaseError)
        other = "name its key with --key-file, name another file, or restore a backup"
        fix = other if unreadable else "do what it says"
        return [Finding("error", "file", str(error), fix)]
    findings = [*_about_file(path, seen), *_about_use(path, seen)]
    if not seen.ours:
        return findings
    findings += _about_schema(seen)
    if seen.schema == seen.newest_schema and not seen.damage:
        # Opening an older one would change it.
        findings += asyncio.run(_about_jobs(path))
    return findings


def _about_file(path: Path, seen: Inspection) -> Iterator[Finding]:
    if seen.sqlite_is_old:
        build = "apsw-sqlite3mc" if seen.can_encrypt else "apsw"
        fix = f"upgrade it: pip install --upgrade {build}"
        yield Finding("error", "SQLite", f"{seen.sqlite} can damage a shared log", fix)
    else:
        able = "can encrypt" if seen.can_encrypt else "can't encrypt"
        yield Finding("ok", "SQLite", f"{seen.sqlite}, of a build that {able}")
    if seen.empty:
        fix = (
            "it becomes a database when it is first opened; if it should be one, name another file"
        )
        yield Finding("warning", "file", f"{path} is empty", fix)
    elif not seen.ours:
        found = f"{path} is a database of another program"
        yield Finding("error", "file", found, "name another file, with --db")
    elif seen.damage:
        fix = "restore a backup; until then, export what can still be read"
        yield Finding("error", "file", f"{path} is damaged: {'; '.join(seen.damage)}", fix)
    else:
        state = "encrypted" if seen.encrypted else "not encrypted"
        yield Finding("ok", "file", f"{path}, {decimal(seen.file_bytes)}, {state}")


def _about_schema(seen: Inspection) -> Iterator[Finding]:
    if seen.schema > seen.newest_schema:
        found = f"version {seen.schema}, newer than the {seen.newest_schema} known here"
        yield Finding(
            "error", "schema", found, "upgrade the package: pip install --upgrade remanence"
        )
    elif seen.schema < seen.newest_schema:
        found = f"version {seen.schema}, older than {seen.newest_schema}"
        fix = "it is brought up to date when it is next opened; make a backup before"
        yield Finding("warning", "schema", found, fix)
    else:
        yield Finding("ok", "schema", f"version {seen.schema}")


def _about_use(path: Path, seen: Inspection) -> Iterator[Finding]:
    holders = ", ".join(map(str, seen.holders))
    if seen.locked:
        who = f" (open in process {holders})" if holders else ""
        fix = "end the transaction of whatever holds it, or that process; writes wait meanwhile"
        yield Finding("error", "lock", f"another process keeps it locked{who}", fix)
    else:
        yield Finding("ok", "lock", f"free (open in process {holders})" if holders else "free")
    if not seen.writable:
        fix = f"make {path} and its folder writable for this user"
        yield Finding("error", "permissions", "it can't be written", fix)
    if seen.free_bytes < _LITTLE_SPACE:
        found = f"only {decimal(seen.free_bytes)} left on the disk"
        yield Finding("warning", "space", found, "free some; writes are refused when it is full")
    if seen.unfinished:
        found = f"{counted(seen.unfinished, 'erasure')} not carried out whole yet"
        fix = (
            "end who reads for a long time, then open the file again, as by 'remanence stats', or "
            "with the agent whose service is to erase"
        )
        yield Finding("error", "erasures", found, fix)
    if seen.log_bytes > _LONG_LOG:
        found = f"{decimal(seen.log_bytes)}: somebody has been reading for a long time"
        fix = "end the process that reads; the log is then written back"
        yield Finding("warning", "write-ahead log", found, fix)


async def _about_jobs(path: Path) -> list[Finding]:
    async with open_jobs(str(path)) as jobs:
        destinations = await jobs.job_counts()
        parked = await jobs.jobs(states=["parked"], limit=_PARKED_LOOKED_AT)
    if not destinations:
        return [Finding("ok", "outbox", "nothing was ever put in")]
    findings: list[Finding] = []
    for counts in destinations:
        of_it = [job for job in parked if job.destination == counts.destination]
        findings += _about_destination(counts, of_it, path)
    return findings


def _about_destination(counts: JobCounts, parked: list[Job], path: Path) -> Iterator[Finding]:
    about = f"outbox for {counts.destination}"
    waiting = counts.pending + counts.leased
    if counts.parked:
        found, fix = _told(counts.parked, parked, path)
        yield Finding("error", about, found, fix)
    now = SystemClock().now()
    if waiting and counts.oldest_at is not None and now - counts.oldest_at > _LONG_WAIT:
        since = counts.oldest_at.astimezone().isoformat(sep=" ", timespec="minutes")
        found = f"{counted(waiting, 'write')} not delivered, the oldest since {since}"
        fix = "see that the service can be reached, and that a process that delivers to it runs"
        yield Finding("warning", about, found, fix)
    elif not counts.parked:
        yield Finding("ok", about, f"{counted(waiting, 'write')} to deliver")


def _told(number: int, parked: list[Job], path: Path) -> tuple[str, str]:
    """Return what is parked and what to do, in the words of the newest one's error."""
    last = parked[-1] if parked else None
    kind = None if last is None else last.error_kind
    reason = "" if last is None else ": ".join(filter(None, (kind, last.error)))
    found = f"{counted(number, 'write')} set aside; the last because of {reason or 'an error'}"
    file = shlex.quote(str(path))
    retry = f"then 'remanence outbox retry --all-parked --db {file}'"
    if kind == DimensionError.__name__:
        fix = f"use the embedding model that the store was made with, or a new store; {retry}"
    else:
        fix = f"see 'remanence outbox list --state parked --db {file}', mend the cause, {retry}"
    return found, fix
