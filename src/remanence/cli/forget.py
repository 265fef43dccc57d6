"""``remanence forget``: erasure."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer
from rich.prompt import Confirm

from remanence.cli.database import open_existing
from remanence.cli.items import json_fields, speaker_of, text_of, when
from remanence.cli.options import DatabaseOption, UserOption
from remanence.cli.output import counted, notices, print_fields, print_json, print_notice
from remanence.cli.printable import on_one_line
from remanence.types import Episode, Fact, Filter, Receipt

if TYPE_CHECKING:
    from remanence.engine import Memory

__all__ = ["forget"]

_PREVIEWED = 5
_PREVIEW_CHARS = 100
_LISTED_IDS = 5


@dataclasses.dataclass(frozen=True, slots=True)
class _Doomed:
    """What an erasure would take: how much of it, and the first few."""

    episodes: int
    facts: int
    first: tuple[Episode | Fact, ...]
    missing: tuple[str, ...] = ()


def forget(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="IDS", help="Ids of episodes and facts.")
    ] = None,
    *,
    user: UserOption,
    db: DatabaseOption = None,
    session: Annotated[
        str | None, typer.Option("--session", metavar="NAME", help="Erase this whole session.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="Erase everything of the user, and the user.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the whole receipt as JSON.")
    ] = False,
) -> None:
    """Erase memories for good, by id, by session, or all of a user's.

    Shows what would go and asks, unless --yes is given. Prints a receipt.
    """
    if sum((bool(ids), session is not None, everything)) != 1:
        raise typer.BadParameter("give ids, or --session, or --everything: one of them")
    where = Filter(user, session_id=session)
    doomed = asyncio.run(_find(db, where, ids or None))
    _print_doomed(doomed)
    # Asked outside the event loop, so that one Ctrl-C ends the question.
    if not yes and (doomed.episodes or doomed.facts) and not _agreed():
        print_notice("Nothing was erased.")
        raise typer.Exit(1)
    receipt = asyncio.run(_erase(db, where, ids or None))
    if as_json:
        print_json(json_fields(receipt))
    else:
        _print_receipt(receipt)


def _agreed() -> bool:
    try:
        return Confirm.ask("Erase for good?", console=notices(), default=False)
    except EOFError:  # nobody is there to answer
        return False


async def _find(db: str | None, where: Filter, ids: list[str] | None) -> _Doomed:
    async with open_existing(db) as memory:
        return await (_named(memory, where, ids) if ids else _seen(memory, where))


async def _erase(db: str | None, where: Filter, ids: list[str] | None) -> Receipt:
    async with open_existing(db) as memory:
        if ids is None and where.session_id is None:
            return await memory.forget_user(where.user_id)
        return await memory.forget(ids, scope=where)


async def _named(memory: Memory, where: Filter, ids: list[str]) -> _Doomed:
    found = {name: await memory.get(name, scope=where) for name in ids}
    items = {item.id: item for item in found.values() if item is not None}
    episodes = sum(isinstance(item, Episode) for item in items.values())
    return _Doomed(
        episodes,
        len(items) - episodes,
        tuple(items.values())[:_PREVIEWED],
        tuple(name for name, item in found.items() if item is None),
    )


async def _seen(memory: Memory, where: Filter) -> _Doomed:
    counts = await memory.stats(scope=where)
    page = await memory.list(scope=where, limit=_PREVIEWED)
    return _Doomed(counts.episodes, counts.facts, page.items)


def _print_doomed(doomed: _Doomed) -> None:
    for name in doomed.missing:
        print_notice(f"Not found: {name}")
    number = doomed.episodes + doomed.facts
    if not number:
        print_notice("There is nothing to erase.")
        return
    print_notice(
        f"To be erased: {counted(doomed.episodes, 'episode')}, {counted(doomed.facts, 'fact')}"
    )
    for item in doomed.first:
        text = on_one_line(text_of(item))
        if len(text) > _PREVIEW_CHARS:
            text = text[: _PREVIEW_CHARS - 1] + "…"
        print_notice(f"  {when(item.at)}  {on_one_line(speaker_of(item))}  {text}")
    if number > len(doomed.first):
        print_notice(f"  … and {number - len(doomed.first):,} more")


def _print_receipt(receipt: Receipt) -> None:
    ids = ", ".join(receipt.ids[:_LISTED_IDS])
    if len(receipt.ids) > _LISTED_IDS:
        ids += f", and {len(receipt.ids) - _LISTED_IDS:,} more"
    log = "emptied" if receipt.log_truncated else "to be emptied at the next pause"
    fields = {
        "user": receipt.user_id,
        "erased": f"{counted(receipt.episodes, 'episode')}, {counted(receipt.facts, 'fact')}",
        "ids": ids or "-",
        "at": receipt.at.isoformat(sep=" ", timespec="seconds"),
        "log": log,
    }
    if not receipt.ids:
        del fields["log"]  # nothing was written
    print_fields(fields)
