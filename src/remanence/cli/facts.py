"""``remanence facts``: what is known of a user, or what was at some time."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Annotated, cast, get_args

import typer

from remanence.cli.database import nothing_stored, open_existing, stores_nothing
from remanence.cli.items import json_fields
from remanence.cli.options import (
    AgentOption,
    AsOfOption,
    DatabaseOption,
    JsonOption,
    KnownAtOption,
    SessionOption,
    UserOption,
)
from remanence.cli.output import print_json, print_notice
from remanence.cli.telling import print_fact
from remanence.errors import InputError
from remanence.types import Fact, FactKind, Filter

__all__ = ["facts"]

_PAGE = 1_000
_KINDS: tuple[FactKind, ...] = get_args(FactKind)


def _parse_kind(text: str) -> FactKind:
    for kind in _KINDS:
        if kind == text:
            return kind
    raise typer.BadParameter(f"{text!r} is no kind; use one of {', '.join(_KINDS)}")


def facts(
    *,
    user: UserOption,
    db: DatabaseOption = None,
    agent: AgentOption = None,
    session: SessionOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            parser=_parse_kind,
            help=f"Only facts of this kind: {', '.join(_KINDS)}. May be given several times.",
        ),
    ] = None,
    history: Annotated[
        str | None,
        typer.Option(
            "--history",
            metavar="ID",
            help="This fact, what it took the place of, and what took its place, instead.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many to list at most.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """List the facts that hold, in the order of recording, or one fact's history."""
    where = Filter(user, agent, session)
    if history is not None:
        if as_of is not None or known_at is not None or kind:
            raise typer.BadParameter(
                "a history is told whole; leave out --as-of, --known-at and --kind"
            )
        _print(asyncio.run(_history(db, where, history)), as_json=as_json, believed=True)
        return
    kinds = cast("list[FactKind] | None", kind or None)
    found = asyncio.run(_list(db, where, as_of, known_at, kinds, limit + 1))
    if found is None:
        print_notice(nothing_stored(user))
        return
    _print(found[:limit], as_json=as_json)
    if not found:
        print_notice("Nothing found.")
    elif len(found) > limit:
        print_notice(f"There is more than these {limit:,}: raise --limit.")


def _print(found: Sequence[Fact], *, as_json: bool, believed: bool = False) -> None:
    for fact in found:
        if as_json:
            print_json(json_fields(fact))
        else:
            replaced = [old for old in found if old.superseded_by == fact.id]
            print_fact(fact, replaced=replaced, believed=believed)


async def _history(db: str | None, where: Filter, fact_id: str) -> list[Fact]:
    async with open_existing(db) as memory:
        found = await memory.history(fact_id, scope=where)
    if not found:
        raise InputError(
            "--history",
            f"user {where.user_id!r} has no fact {fact_id!r}",
            "see 'remanence facts' for those there are",
        )
    return found


async def _list(
    db: str | None,
    where: Filter,
    as_of: dt.datetime | None,
    known_at: dt.datetime | None,
    kinds: Iterable[FactKind] | None,
    limit: int,
) -> list[Fact] | None:
    """Return the facts, or ``None`` if nothing at all is stored for the user."""
    found: list[Fact] = []
    cursor: str | None = None
    async with open_existing(db) as memory:
        while True:
            page = await memory.facts(
                scope=where,
                as_of=as_of,
                known_at=known_at,
                kinds=kinds,
                limit=min(_PAGE, limit - len(found)),
                cursor=cursor,
            )
            found += page.items
            cursor = page.cursor
            if cursor is None or len(found) == limit:
                break
        return None if not found and await stores_nothing(memory, where.user_id) else found
