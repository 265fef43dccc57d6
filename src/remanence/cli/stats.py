"""``remanence stats``: how much is stored."""

from __future__ import annotations

import asyncio
import enum
from typing import Annotated

import typer
from rich.filesize import decimal

from remanence.cli.database import named, open_existing
from remanence.cli.items import json_fields, when
from remanence.cli.options import DatabaseOption, JsonOption
from remanence.cli.output import counted, print_fields, print_json, print_notice, print_table
from remanence.store.usage import Usage
from remanence.types import Filter, Stats

__all__ = ["stats"]

_OF_THIS_PROCESS = ("index_bytes", "commits", "embedded", "unembedded")
"""Says something of a running service, nothing of a command that ends at once."""

_OF_ALL_USERS = ("unextracted", "model_calls", "input_tokens", "output_tokens")


class _Group(enum.StrEnum):
    USER = "user"


class _Order(enum.StrEnum):
    EPISODES = "episodes"
    FACTS = "facts"
    BYTES = "bytes"


def stats(
    *,
    user: Annotated[
        str | None,
        typer.Option("--user", metavar="NAME", help="Count this user's memories, not everyone's."),
    ] = None,
    by: Annotated[
        _Group | None, typer.Option("--by", help="Tell of each user how much there is.")
    ] = None,
    sort: Annotated[
        _Order, typer.Option("--sort", help="With --by: who has the most of this comes first.")
    ] = _Order.EPISODES,
    limit: Annotated[
        int,
        typer.Option("--limit", min=1, max=10_000, help="With --by: how many to list at most."),
    ] = 100,
    db: DatabaseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count what is stored; no content is shown."""
    if by is not None:
        if user is not None:
            raise typer.BadParameter("--by tells of all users; leave out --user")
        _print_usage(asyncio.run(_usage(db, sort, limit)), limit, as_json=as_json)
        return
    found = asyncio.run(_count(db, None if user is None else Filter(user)))
    database = str(named(db))
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


def _print_usage(found: list[Usage], limit: int, *, as_json: bool) -> None:
    if as_json:
        for usage in found:
            print_json(json_fields(usage))
    elif found:
        header = (
            "sessions",
            "episodes",
            "facts",
            "vectors",
            "jobs",
            "texts",
            "last stored",
            "user",
        )
        print_table(header, [_row(usage) for usage in found])
    else:
        print_notice("Nothing is stored.")
    if len(found) == limit:
        print_notice(f"There may be more than these {limit:,}: raise --limit.")


def _row(usage: Usage) -> tuple[str, ...]:
    return (
        f"{usage.sessions:,}",
        f"{usage.episodes:,}",
        f"{usage.facts:,}",
        f"{usage.vectors:,}",
        f"{usage.unfinished_jobs:,}",
        decimal(usage.text_bytes),
        when(usage.last_recorded_at.astimezone()),
        usage.user_id,
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


async def _usage(db: str | None, order: _Order, limit: int) -> list[Usage]:
    async with open_existing(db) as memory:
        return await memory.usage(order=order.value, limit=limit)
