"""``remanence import``: read a file of messages, or what another memory holds, into the memory."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from remanence.cli.archives import import_archive, looks_like_archive
from remanence.cli.database import create_or_open, named
from remanence.cli.elsewhere import check_no_memory
from remanence.cli.formats import Defaults, Format
from remanence.cli.gathering import Gathered
from remanence.cli.moving import Elsewhere, Source, move
from remanence.cli.options import DatabaseOption
from remanence.cli.output import notices, print_text
from remanence.cli.reading import (
    FORMATS,
    FormatOption,
    RecordAgentOption,
    RecordSessionOption,
    SkipMalformedOption,
    in_words,
    read_file,
)
from remanence.cli.receipts import ByOption, asking
from remanence.clock import SystemClock

__all__ = ["import_file"]


def import_file(
    file: Annotated[
        Path, typer.Argument(help=f"{FORMATS} Or an archive. Or what --from is to read.")
    ],
    *,
    db: DatabaseOption = None,
    from_: Annotated[
        Source | None,
        typer.Option("--from", help="Move in: what another memory holds, with all its users."),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(
            "--user",
            metavar="NAME",
            help="Whose memories, where a record names no user. LoCoMo: instead of its sample ids. "
            "mem0, and ReMe with several users: only this one's.",
        ),
    ] = None,
    agent: RecordAgentOption = None,
    session: RecordSessionOption = None,
    format_: FormatOption = Format.AUTO,
    skip_malformed: SkipMalformedOption = False,
    history: Annotated[
        Path | None,
        typer.Option(
            "--history",
            metavar="FILE",
            help="mem0's history.db, where it is not beside its store.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Only read and check, and tell what would come; with --from also how much of it "
            "is there already.",
        ),
    ] = False,
    by: ByOption = None,
) -> None:
    """Import messages from a file, or what another memory holds.

    A file of messages, and an archive, come in by one transaction: all of it or none.

    JSON Lines: one object a line, with role and content, and optionally name, at (ISO 8601 with
    an offset from UTC), id, metadata, user_id, agent_id and session_id. A message without an id
    gets one derived from its session, role, content and how often the session said the same
    before: importing a file again, grown or mended, adds only what is new.

    LoCoMo: each sample is a user, or with --user all go to that one, and with several samples
    their sessions are named SAMPLE/session_N. Turns are a minute apart, in UTC.

    What comes from such a file is marked as imported, and so are facts that are drawn from it. What
    was forgotten meanwhile is stored again when its file is imported again.

    An archive that `remanence export` wrote: all of a user's memory, for the same user, or --user.

    Moving in, with --from: mem0 (the folder of its Qdrant store, or the one that has it as
    `qdrant`), reme (a workspace), or chatgpt (an export's conversations.json, its folder or zip
    file). Nothing is changed there, and it may be in use. It is done in transactions of a few
    hundred items: interrupted, and run again, it goes on, and run twice it changes nothing. What
    was forgotten here since comes back. Reading mem0's store may run code that is in it: only
    import what you trust.
    """
    if from_ is not None:
        if session is not None or format_ is not Format.AUTO or skip_malformed:
            raise typer.BadParameter(
                "--session, --format and --skip-malformed are for files of messages; leave them "
                "out with --from"
            )
        move(Elsewhere(from_, file, user, agent, history), db, dry_run=dry_run, asked_by=asking(by))
        return
    if history is not None:
        raise typer.BadParameter("--history goes with --from mem0")
    check_no_memory(file, format_)
    if looks_like_archive(file):
        if agent is not None or session is not None or format_ is not Format.AUTO or skip_malformed:
            raise typer.BadParameter("an archive is taken in as it is; give --user at most")
        import_archive(file, db, user, dry_run=dry_run, asked_by=asking(by))
        return
    defaults = Defaults(user, agent, session)
    gathered = read_file(file, format_, defaults, skip_malformed=skip_malformed)
    amount = in_words(gathered)
    if dry_run:
        print_text(f"Would import {amount}. Nothing was written.")
        return
    new = asyncio.run(_store(db, gathered))
    print_text(
        f"Imported {amount}: {new:,} new, {gathered.messages - new:,} already there.\n"
        f"Database: {named(db)}"
    )


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
