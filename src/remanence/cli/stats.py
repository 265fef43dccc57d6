"""``remanence stats``: how much is stored."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.filesize import decimal

from remanence.cli.database import database_path, open_existing
from remanence.cli.items import json_fields
from remanence.cli.options import DatabaseOption, JsonOption
from remanence.cli.output import counted, print_fields, print_json
from remanence.types import Filter, Stats

__all__ = ["stats"]

_OF_THIS_PROCESS = ("index_bytes", "commits", "embedded", "unembedded")
"""Says something of a running service, nothing of a command that ends at once."""

_OF_ALL_USERS = ("unextracted", "model_calls", "input_tokens", "output_tokens")


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
        for name in (*_OF_THIS_PROCESS, *(() if user is None else _OF_ALL_USERS)):
            del fields[name]
        print_json({"database": database, **fields})
        return
    extraction = {} if user is not None else _extraction(found)
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
            **extraction,
        }
    )


def _extraction(found: Stats) -> dict[str, str]:
    """Return what there is to say about facts being drawn by a model; often nothing."""
    fields: dict[str, str] = {}
    if found.unextracted:
        fields["unextracted"] = counted(found.unextracted, "episode")
    if found.model_calls:
        fields["model calls"] = f"{found.model_calls:,}"
        fields["tokens"] = f"{found.input_tokens:,} given, {found.output_tokens:,} answered"
    return fields


async def _count(db: str | None, where: Filter | None) -> Stats:
    async with open_existing(db) as memory:
        return await memory.stats(scope=where)
