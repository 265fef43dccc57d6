"""``remanence audit``: who asked for what."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from remanence.cli.database import open_existing
from remanence.cli.options import DatabaseOption, JsonOption
from remanence.cli.output import print_json, print_notice, print_table
from remanence.store.audit import AuditEntry

__all__ = ["audit"]


def audit(
    *,
    user: Annotated[
        str | None,
        typer.Option("--user", metavar="NAME", help="Whose memories. Default: everybody's."),
    ] = None,
    db: DatabaseOption = None,
    after: Annotated[
        int, typer.Option("--after", metavar="N", min=0, help="Only what came after entry N.")
    ] = 0,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=10_000, help="How much at most.")
    ] = 1_000,
    as_json: JsonOption = False,
) -> None:
    """Show who asked for erasures, corrections, exports and imports, and when.

    It tells how much, and never what: no content is kept here.
    """
    entries = asyncio.run(_entries(db, user, after, limit))
    if as_json:
        for entry in entries:
            print_json(
                {
                    "number": entry.number,
                    "at": entry.at.isoformat(),
                    "action": entry.action,
                    "user_id": entry.user_id,
                    "asked_by": entry.asked_by,
                    "counts": {**entry.counts},
                }
            )
    elif entries:
        print_table(
            ("number", "at", "action", "user", "asked by", "how much"), list(map(_row, entries))
        )
    else:
        print_notice("Nobody has asked for anything.")
    if len(entries) == limit:
        print_notice(f"There may be more: --after {entries[-1].number}")


def _row(entry: AuditEntry) -> tuple[str, ...]:
    counts = ", ".join(f"{name}: {count:,}" for name, count in entry.counts.items())
    return (
        str(entry.number),
        entry.at.isoformat(sep=" ", timespec="seconds"),
        entry.action,
        entry.user_id,
        entry.asked_by or "-",
        counts or "nothing",
    )


async def _entries(db: str | None, user: str | None, after: int, limit: int) -> list[AuditEntry]:
    async with open_existing(db) as memory:
        return await memory.audit(user_id=user, after=after, limit=limit)
