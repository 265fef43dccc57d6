"""``remanence recall``: search."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from remanence.cli.database import open_existing
from remanence.cli.items import about_fact, json_fields, source_of, when
from remanence.cli.options import (
    AgentOption,
    AsOfOption,
    DatabaseOption,
    JsonOption,
    KnownAtOption,
    SessionOption,
    SinceOption,
    UntilOption,
    UserOption,
)
from remanence.cli.output import print_json, print_notice, print_table
from remanence.types import Filter, Origin, Recollection

__all__ = ["recall"]


def recall(
    query: Annotated[str, typer.Argument(help="A question or keywords, in any language.")],
    *,
    user: UserOption,
    db: DatabaseOption = None,
    agent: AgentOption = None,
    session: SessionOption = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=1000, help="How many to show at most.")
    ] = 10,
    since: SinceOption = None,
    until: UntilOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    origin: Annotated[
        Origin | None, typer.Option("--origin", help="Find only episodes, or only facts.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", min=0, max=1, help="The least score to show, 0 to 1."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Find what was said, or noted of it, that answers a question, best first."""
    where = Filter(user, agent, session, since, until)

    async def search() -> list[Recollection]:
        async with open_existing(db) as memory:
            return await memory.recall(
                query,
                scope=where,
                limit=limit,
                threshold=threshold,
                origin=origin,
                as_of=as_of,
                known_at=known_at,
            )

    found = asyncio.run(search())
    if as_json:
        for hit in found:
            print_json(json_fields(hit))
    elif found:
        rows = [(f"{hit.score:.2f}", when(hit.at), source_of(hit), _told(hit)) for hit in found]
        print_table(("score", "date", "speaker", "text"), rows)
    else:
        print_notice("Nothing found.")


def _told(hit: Recollection) -> str:
    return hit.text if hit.origin == "episode" else f"{hit.text} ({about_fact(hit)})"
