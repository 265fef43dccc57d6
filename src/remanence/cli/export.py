"""``remanence export``: all of a user's memory as one file, or as pages to read."""

from __future__ import annotations

import asyncio
import contextlib
import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from remanence.cli.database import nothing_stored, open_existing, stores_nothing
from remanence.cli.options import DatabaseOption, UserOption
from remanence.cli.output import counted, notices, print_fields, print_notice
from remanence.cli.receipts import ByOption, asking
from remanence.types import Filter

if TYPE_CHECKING:
    from remanence.archive import Exported, ReadOut

__all__ = ["Form", "export"]


class Form(enum.StrEnum):
    """What a memory is written as."""

    ARCHIVE = "archive"
    MARKDOWN = "markdown"


def export(
    path: Annotated[
        Path,
        typer.Argument(
            help="Where it is to be: an archive's file, as alice.zip, or a folder of pages.",
            show_default=False,
        ),
    ],
    *,
    user: UserOption,
    db: DatabaseOption = None,
    to: Annotated[
        Form,
        typer.Option(
            "--to",
            help="archive: one file, which can be imported again. markdown: a folder to read.",
        ),
    ] = Form.ARCHIVE,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace the file, or the folder of an earlier export, if it is there.",
        ),
    ] = False,
    by: ByOption = None,
) -> None:
    """Write all that is kept of a user: to one file to take in again, or as pages to read.

    Neither is encrypted, and only its owner can read it.

    The file, an archive, is a zip file with JSON Lines in it. `remanence import` takes it in.

    The pages, with --to markdown, are a folder: facts.md has what is known and what was superseded,
    sessions/ what was said, word for word. Nothing takes them in again. An empty folder may be
    there; one that holds anything else than an earlier export is never replaced.
    """
    done = asyncio.run(_export(db, path, user, to, overwrite, asking(by)))
    if done is None:
        print_notice(f"{nothing_stored(user)} Nothing was written.")
        raise typer.Exit(1)
    exported, sessions = done
    is_pages = to is Form.MARKDOWN
    print_fields(
        {
            "folder" if is_pages else "archive": str(exported.path),
            "user": exported.user_id,
            "holds": f"{counted(exported.episodes, 'episode')}, {counted(exported.facts, 'fact')} "
            f"({counted(sessions, 'session')})",
            "size": f"{exported.file_bytes:,} bytes",
        }
    )


async def _export(
    db: str | None, path: Path, user: str, to: Form, overwrite: bool, asked_by: str | None
) -> tuple[Exported | ReadOut, int] | None:
    """Write it; return what was written, and in how many sessions something was said."""
    async with open_existing(db) as memory:
        if await stores_nothing(memory, user):
            return None
        export_to = memory.export_markdown if to is Form.MARKDOWN else memory.export
        console = notices()
        with console.status("Writing") if console.is_terminal else contextlib.nullcontext():
            exported = await export_to(path, user_id=user, overwrite=overwrite, asked_by=asked_by)
        # An archive has an entry also for a session that only facts were written to.
        return exported, (await memory.stats(scope=Filter(user))).sessions
