"""``remanence export``: all of a user's memory as one file."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from remanence.cli.database import nothing_stored, open_existing, stores_nothing
from remanence.cli.options import DatabaseOption, UserOption
from remanence.cli.output import counted, notices, print_fields, print_notice
from remanence.cli.receipts import ByOption, asking

if TYPE_CHECKING:
    from remanence.archive import Exported

__all__ = ["export"]


def export(
    file: Annotated[Path, typer.Argument(help="Where the archive is to be, as alice.zip.")],
    *,
    user: UserOption,
    db: DatabaseOption = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the file if it is there.")
    ] = False,
    by: ByOption = None,
) -> None:
    """Write all that is kept of a user to one file, which `remanence import` takes in again.

    It is a zip file with JSON Lines in it, not encrypted, and only its owner can read it.
    """
    exported = asyncio.run(_export(db, file, user, overwrite, asking(by)))
    if exported is None:
        print_notice(f"{nothing_stored(user)} Nothing was written.")
        raise typer.Exit(1)
    print_fields(
        {
            "archive": str(exported.path),
            "user": exported.user_id,
            "holds": f"{counted(exported.episodes, 'episode')}, {counted(exported.facts, 'fact')} "
            f"({counted(exported.sessions, 'session')})",
            "size": f"{exported.file_bytes:,} bytes",
        }
    )


async def _export(
    db: str | None, file: Path, user: str, overwrite: bool, asked_by: str | None
) -> Exported | None:
    async with open_existing(db) as memory:
        if await stores_nothing(memory, user):
            return None
        console = notices()
        with console.status("Writing") if console.is_terminal else contextlib.nullcontext():
            return await memory.export(file, user_id=user, overwrite=overwrite, asked_by=asked_by)
