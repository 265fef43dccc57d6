"""``remanence show``: one item in full, or a listing."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from remanence.cli.database import open_existing
from remanence.cli.items import json_fields, print_item, print_item_in_full
from remanence.cli.options import DatabaseOption, JsonOption, SessionOption, UserOption
from remanence.cli.output import print_json, print_notice
from remanence.errors import InputError
from remanence.types import Episode, Fact, Filter, Origin, Page

__all__ = ["show"]

_PAGE = 1_000


def show(
    item_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="The id of an episode or a fact.")
    ] = None,
    *,
    user: UserOption,
    db: DatabaseOption = None,
    session: SessionOption = None,
    origin: Annotated[
        Origin | None, typer.Option("--origin", help="List only episodes, or only facts.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many to list at most.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """Show one item in full, or list those of a user or a session in the order of recording."""
    where = Filter(user, session_id=session)
    if item_id is None:
        _show_list(asyncio.run(_list(db, where, origin, limit)), as_json=as_json)
        return
    if session is not None or origin is not None:
        raise typer.BadParameter("an id stands alone; leave out --session and --origin")
    item = asyncio.run(_get(db, item_id, where))
    if as_json:
        print_json(json_fields(item))
    else:
        print_item_in_full(item)


def _show_list(page: Page, *, as_json: bool) -> None:
    for item in page.items:
        if as_json:
            print_json(json_fields(item))
        else:
            print_item(item)
    if not page.items:
        print_notice("Nothing found.")
    elif page.cursor is not None:
        print_notice(f"There is more than these {len(page.items):,}: raise --limit.")


async def _get(db: str | None, item_id: str, where: Filter) -> Episode | Fact:
    async with open_existing(db) as memory:
        item = await memory.get(item_id, scope=where)
    if item is None:
        raise InputError(
            "id",
            f"user {where.user_id!r} has no item {item_id!r}",
            "see 'remanence show' for those there are",
        )
    return item


async def _list(db: str | None, where: Filter, origin: Origin | None, limit: int) -> Page:
    items: list[Episode | Fact] = []
    cursor: str | None = None
    async with open_existing(db) as memory:
        while True:
            page = await memory.list(
                scope=where, limit=min(_PAGE, limit - len(items)), cursor=cursor, origin=origin
            )
            items += page.items
            cursor = page.cursor
            if cursor is None or len(items) == limit:
                return Page(tuple(items), cursor)
