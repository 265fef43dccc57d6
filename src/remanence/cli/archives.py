"""Archives among the files that can be imported: told by their content, and taken in."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from remanence.cli.database import create_or_open, named
from remanence.cli.output import counted, notices, print_text
from remanence.validation import check_identifier

if TYPE_CHECKING:
    from remanence.archive import Imported

__all__ = ["import_archive", "looks_like_archive"]

_BEGINNINGS = (b"PK\x03\x04", b"PK\x05\x06")
"""Of zip files, those with nothing in them included; no text that can be imported begins so."""


def looks_like_archive(file: Path) -> bool:
    """Return whether a file begins as archives do; ``False`` if it can't be read."""
    try:
        with file.open("rb") as opened:
            return opened.read(4) in _BEGINNINGS
    except OSError:  # whoever reads it next tells why
        return False


def import_archive(
    file: Path, db: str | None, user: str | None, *, dry_run: bool, asked_by: str | None
) -> None:
    """Take in an archive, or only read and check it, and print what came of it.

    Raises:
        ArchiveError: It is none, or damaged.
        RecordError: A line in it is not acceptable.
        ConflictError: Something else is there under an id of it.
    """
    if user is not None:
        check_identifier("--user", user)
    if dry_run:
        print_text(f"Would import {_looked_at(file, user)}. Nothing was written.")
        return
    _check_beginning(file)
    imported = asyncio.run(_import(file, db, user, asked_by))
    there = imported.episodes_there + imported.facts_there
    completed = f", {imported.facts_completed:,} completed" if imported.facts_completed else ""
    print_text(
        f"Imported the archive of {imported.archived_user_id!r} for {imported.user_id!r}: "
        f"{counted(imported.episodes, 'new episode')}, {counted(imported.facts, 'new fact')}, "
        f"{there:,} already there{completed}.\n"
        f"Database: {named(db)}"
    )


def _check_beginning(file: Path) -> None:
    """Refuse what is no archive before a database is made for it.

    Raises:
        ArchiveError: It is none.
    """
    from remanence.archive.reading import ArchiveReader

    with ArchiveReader(file):
        pass


def _looked_at(file: Path, user: str | None) -> str:
    from remanence.archive.reading import ArchiveReader
    from remanence.store.archive import ArchivedEpisode

    with ArchiveReader(file) as archive:
        sessions = sum(1 for _ in archive.sessions())
        episodes = facts = 0
        for item in archive.items():
            if isinstance(item, ArchivedEpisode):
                episodes += 1
            else:
                facts += 1
        whose = archive.manifest.user_id
    return (
        f"the archive of {whose!r} for {user or whose!r}: {counted(episodes, 'episode')}, "
        f"{counted(facts, 'fact')} ({counted(sessions, 'session')})"
    )


async def _import(file: Path, db: str | None, user: str | None, asked_by: str | None) -> Imported:
    async with create_or_open(db) as memory:
        console = notices()
        with console.status("Writing") if console.is_terminal else contextlib.nullcontext():
            return await memory.import_archive(file, user_id=user, asked_by=asked_by)
