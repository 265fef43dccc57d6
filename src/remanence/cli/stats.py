"""``remanence stats``: how much is stored."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.filesize import decimal

from remanence.cli.database import database_path, open_existing
from remanence.cli.items import json_fields
from remanence.cli.options import DatabaseOption, JsonOption
from remanence.cli.output import print_fields, print_json
from remanence.types import Filter, Stats

__all__ = ["stats"]

_OF_THIS_PROCESS = ("index_bytes", "commits", "embedded", "unembedded")
"""Says something of a running service, nothing of a command that ends at once."""


def stats(
    *,
    user: Annotated[
        str | None,
        typer.Option("--user", metavar="NAME", help="Count this user's memories, not everyone's."),
    ] = None,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count what is stored."""
    found = asyncio.run(_count(db, None if user is None else Filter(user)))
    database = str(database_path(db))
    if as_json:
        fields = json_fields(found)
        for name in _OF_THIS_PROCESS:
            del fields[name]
        print_json({"database": database, **fields})
        return
    print_fields(
        {
            "database": database,
            "size": decimal(found.store_bytes),
            "users": f"{found.users:,}",
            "sessions": f"{found.sessions:,}",
            "episodes": f"{found.episodes:,}",
            "facts": f"{found.facts:,}",
            "earliest": "-" if found.first_at is None else found.first_at.isoformat(sep=" "),
            "latest": "-" if found.last_at is None else found.last_at.isoformat(sep=" "),
        }
    )


async def _count(db: str | None, where: Filter | None) -> Stats:
    async with open_existing(db) as memory:
        return await memory.stats(scope=where)
