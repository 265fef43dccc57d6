"""``remanence import``: read a file of messages into the memory, all of it or nothing."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from remanence.cli.database import create_or_open, database_path
from remanence.cli.formats import Defaults, Format, Reading, read
from remanence.cli.gathering import Gathered, gather
from remanence.cli.options import DatabaseOption
from remanence.cli.output import counted, notices, print_notice, print_text
from remanence.clock import SystemClock
from remanence.errors import InputError

__all__ = ["import_file"]


def import_file(
    file: Annotated[
        Path, typer.Argument(help="LoCoMo's JSON, or JSON Lines with one message a line.")
    ],
    *,
    db: DatabaseOption = None,
    user: Annotated[
        str | None,
        typer.Option(
            "--user",
            metavar="NAME",
            help="Whose memories, where a record names no user. LoCoMo: instead of its sample ids.",
        ),
    ] = None,
    agent: Annotated[
        str | None,
        typer.Option("--agent", metavar="NAME", help="The agent, where a record names none."),
    ] = None,
    session: Annotated[
        str | None,
        typer.Option("--session", metavar="NAME", help="The session, where a record names none."),
    ] = None,
    format_: Annotated[
        Format, typer.Option("--format", help="What the file is; auto looks at it.")
    ] = Format.AUTO,
    skip_malformed: Annotated[
        bool,
        typer.Option(
            "--skip-malformed", help="Import the good records, and tell which were left out."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only read and check the file.")
    ] = False,
) -> None:
    """Import messages from a file, in one transaction: all of them or none.

    JSON Lines: one object a line, with role and content, and optionally name, at (ISO 8601 with
    an offset from UTC), id, metadata, user_id, agent_id and session_id. A message without an id
    gets one derived from its session, role, content and how often the session said the same
    before: importing a file again, grown or mended, adds only what is new.

    LoCoMo: each sample is a user, or with --user all go to that one, and with several samples
    their sessions are named SAMPLE/session_N. Turns are a minute apart, in UTC.
    """
    gathered = _check(read(file, format_, Defaults(user, agent, session)), skip_malformed)
    for error in gathered.skipped:
        print_notice(f"skipped {error}")
    if gathered.skipped:
        print_notice(f"Skipped {counted(len(gathered.skipped), 'malformed record')}.")
    if not gathered.messages:
        raise InputError(str(file), "there is no message to import in it", "check the file")
    amount = (
        f"{counted(gathered.messages, 'message')} "
        f"({counted(gathered.sessions, 'session')}, {counted(gathered.users, 'user')})"
    )
    if dry_run:
        print_text(f"Would import {amount}. Nothing was written.")
        return
    new = asyncio.run(_store(db, gathered))
    print_text(
        f"Imported {amount}: {new:,} new, {gathered.messages - new:,} already there.\n"
        f"Database: {database_path(db)}"
    )


def _check(reading: Reading, skip_malformed: bool) -> Gathered:
    from rich.progress import Progress

    console = notices()
    # Elsewhere than on a terminal even a disabled bar may leave an empty line behind.
    if not console.is_terminal:
        return gather(reading.entries, skip_malformed=skip_malformed)
    with Progress(console=console, transient=True) as progress:
        entries = progress.track(reading.entries, total=reading.total, description="Reading")
        return gather(entries, skip_malformed=skip_malformed)


@dataclasses.dataclass(frozen=True, slots=True)
class _Moment:
    """A clock that stands still, so that what one import records can be told from the rest."""

    time: dt.datetime

    def now(self) -> dt.datetime:
        return self.time


async def _store(db: str | None, gathered: Gathered) -> int:
    """Write everything at once; return how many messages were not there before."""
    clock = _Moment(SystemClock().now())
    async with create_or_open(db, clock=clock) as memory:
        console = notices()
        with console.status("Writing") if console.is_terminal else contextlib.nullcontext():
            stored = await memory.observe_all(gathered.conversations)
    written = {
        episode.id
        for episodes in stored
        for episode in episodes
        if episode.recorded_at == clock.time
    }
    return len(written)
