"""``remanence forget``: erasure."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.prompt import Confirm

from remanence.cli.database import open_existing
from remanence.cli.items import speaker_of, text_of, when
from remanence.cli.options import DatabaseOption, UserOption
from remanence.cli.output import counted, notices, print_json, print_notice
from remanence.cli.printable import on_one_line
from remanence.cli.receipts import ByOption, asking, print_receipt, receipt_fields
from remanence.types import Episode, Fact, Filter, Receipt

if TYPE_CHECKING:
    from remanence.engine import Memory

__all__ = ["forget"]

_PREVIEWED = 5
_PREVIEW_CHARS = 100
_MATCHED = 20


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
    matching: Annotated[
        str | None,
        typer.Option("--matching", metavar="QUERY", help="Erase what a question finds."),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", help="With --matching: how much of it at most.")
    ] = _MATCHED,
    export_to: Annotated[
        Path | None,
        typer.Option(
            "--export", metavar="FILE", help="With --everything: keep an archive of it first."
        ),
    ] = None,
    by: ByOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the whole receipt as JSON.")
    ] = False,
) -> None:
    """Erase memories for good, by id, by session, by what is found, or all of a user's.

    Shows what would go and asks, unless --yes is given. Prints a receipt: what went, from where,
    what was checked afterwards, and where copies may be that can't be erased from here. Ends with
    code 1 if a check failed.
    """
    if sum((bool(ids), session is not None, everything, matching is not None)) != 1:
        raise typer.BadParameter(
            "give ids, or --session, or --matching, or --everything: one of them"
        )
    if export_to is not None and not everything:
        raise typer.BadParameter("--export goes with --everything")
    where = Filter(user, session_id=session)
    if matching is not None:
        ids = asyncio.run(_matching(db, where, matching, limit))
        doomed = asyncio.run(_find(db, where, ids)) if ids else _Doomed(0, 0, ())
    else:
        doomed = asyncio.run(_find(db, where, ids or None))
    _print_doomed(doomed, most=_MATCHED if matching is not None else _PREVIEWED)
    # Asked outside the event loop, so that one Ctrl-C ends the question.
    if not yes and (doomed.episodes or doomed.facts) and not _agreed():
        print_notice("Nothing was erased.")
        raise typer.Exit(1)
    chosen = ids if matching is not None else ids or None
    receipt = asyncio.run(_erase(db, where, chosen, asking(by), export_to))
    if as_json:
        print_json(receipt_fields(receipt))
    else:
        print_receipt(receipt)
    if not receipt.complete:
        raise typer.Exit(1)


def _agreed() -> bool:
    try:
        return Confirm.ask("Erase for good?", console=notices(), default=False)
    except EOFError:  # nobody is there to answer
        return False


async def _find(db: str | None, where: Filter, ids: list[str] | None) -> _Doomed:
    async with open_existing(db) as memory:
        return await (_named(memory, where, ids) if ids else _seen(memory, where))


async def _matching(db: str | None, where: Filter, query: str, limit: int) -> list[str]:
    async with open_existing(db) as memory:
        found = await memory.forget_matching(query, scope=where, limit=limit)
    return list(found.ids)


async def _erase(
    db: str | None,
    where: Filter,
    ids: list[str] | None,
    asked_by: str | None,
    export_to: Path | None,
) -> Receipt:
    async with open_existing(db) as memory:
        if ids is None and where.session_id is None:
            return await memory.forget_user(where.user_id, asked_by=asked_by, export_to=export_to)
        return await memory.forget(ids, scope=where, asked_by=asked_by)


async def _named(memory: Memory, where: Filter, ids: list[str]) -> _Doomed:
    found = {name: await memory.get(name, scope=where) for name in ids}
    items = {item.id: item for item in found.values() if item is not None}
    episodes = sum(isinstance(item, Episode) for item in items.values())
    return _Doomed(
        episodes,
        len(items) - episodes,
        tuple(items.values()),
        tuple(name for name, item in found.items() if item is None),
    )


async def _seen(memory: Memory, where: Filter) -> _Doomed:
    counts = await memory.stats(scope=where)
    page = await memory.list(scope=where, limit=_PREVIEWED)
    return _Doomed(counts.episodes, counts.facts, page.items)


def _print_doomed(doomed: _Doomed, *, most: int) -> None:
    for name in doomed.missing:
        print_notice(f"Not found: {name}")
    number = doomed.episodes + doomed.facts
    if not number:
        print_notice("There is nothing to erase.")
        return
    print_notice(
        f"To be erased: {counted(doomed.episodes, 'episode')}, {counted(doomed.facts, 'fact')}"
    )
    for item in doomed.first[:most]:
        text = on_one_line(text_of(item))
        if len(text) > _PREVIEW_CHARS:
            text = text[: _PREVIEW_CHARS - 1] + "…"
        print_notice(f"  {when(item.at)}  {on_one_line(speaker_of(item))}  {text}")
    if number > most:
        print_notice(f"  … and {number - most:,} more")
