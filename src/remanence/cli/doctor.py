"""``remanence doctor``: what is wrong with a database, and what to do about it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.filesize import decimal

from remanence.cli.database import Place, existing, named
from remanence.cli.findings import Finding, about_jobs
from remanence.cli.options import DatabaseOption, JsonOption
from remanence.cli.output import counted, print_json, print_text
from remanence.cli.server_findings import look_at_server
from remanence.errors import NotADatabaseError, RemanenceError

if TYPE_CHECKING:
    from remanence.store.sqlite.inspection import Inspection

__all__ = ["doctor"]

_LITTLE_SPACE = 100_000_000
_LONG_LOG = 64_000_000


def doctor(
    *,
    thorough: Annotated[
        bool,
        typer.Option("--thorough", help="Check every index of a file, which takes long."),
    ] = False,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look for what is wrong with a database, and say what to do about it.

    Nothing is changed. The exit code is 1 if anything is an error.
    """
    if named(db).is_server:
        findings = look_at_server(named(db))
    else:
        place = existing(db, "name the file of a memory or of an outbox")
        findings = _look(place, thorough=thorough)
    for finding in findings:
        if as_json:
            print_json(dataclasses.asdict(finding))
        else:
            print_text(f"{finding.state:<8} {finding.about}: {finding.found}")
            if finding.fix:
                print_text(f"{'':<8} → {finding.fix}")
    if any(finding.state == "error" for finding in findings):
        raise typer.Exit(1)


def _look(place: Place, *, thorough: bool) -> list[Finding]:
    from remanence.store.sqlite.inspection import inspect

    path = place.file("a server's database is looked at otherwise")
    try:
        seen = inspect(path, key=place.key(), thorough=thorough)
    except RemanenceError as error:
        unreadable = isinstance(error, NotADatabaseError)
        other = "name its key with --key-file, name another file, or restore a backup"
        return [Finding("error", "file", str(error), other if unreadable else "")]
    findings = [*_about_file(path, seen), *_about_use(path, seen)]
    if not seen.ours:
        return findings
    findings += _about_schema(seen)
    if seen.schema == seen.newest_schema and not seen.damage:
        # Opening an older one would change it.
        findings += asyncio.run(about_jobs(place))
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
