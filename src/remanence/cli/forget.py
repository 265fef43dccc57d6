"""``remanence forget``: erasure."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.prompt import Confirm

from remanence.cli.database import nothing_stored, open_existing
from remanence.cli.items import speaker_of, text_of, when
from remanence.cli.options import DatabaseOption, UserOption
from remanence.cli.output import counted, notices, print_json, print_notice
from remanence.cli.printable import on_one_line
from remanence.cli.receipts import ByOption, asking, print_receipt, receipt_fields
from remanence.types import Episode, Fact, Filter, Matches, Receipt

if TYPE_CHECKING:
    from remanence.engine import Memory

__all__ = ["forget"]

_PREVIEWED = 5
_LISTED = 1_000
_PREVIEW_CHARS = 100
_MATCHED = 100


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
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", metavar="SCORE", help="With --matching: the least score."),
    ] = None,
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
    if matching is not None and yes:
        raise typer.BadParameter(
            "a search always finds something: look at what --matching finds, without --yes, or "
            "erase by id"
        )
    where = Filter(user, session_id=session)
    if matching is not None:
        found = asyncio.run(_matching(db, where, matching, limit, threshold))
        ids = list(found.ids)
        _print_matches(found)
        doomed = _doomed_of(found)
    else:
        doomed = asyncio.run(_find(db, where, ids or None))
        _print_doomed(doomed)
    if export_to is not None and not (doomed.episodes or doomed.facts):
        print_notice(f"{nothing_stored(user)} Nothing was written or erased.")
        raise typer.Exit(1)
    # Asked outside the event loop, so that one Ctrl-C ends the question.
    if not yes and (doomed.episodes or doomed.facts) and not _agreed():
        print_notice("Nothing was erased.")
        raise typer.Exit(1)
    chosen = ids if matching is not None else ids or None
    receipt = asyncio.run(_erase(db, where, chosen, asking(by), export_to))
    if as_json:
        print_json({**receipt_fields(receipt), "not_found": list(doomed.missing)})
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


async def _matching(
    db: str | None, where: Filter, query: str, limit: int, threshold: float | None
) -> Matches:
    async with open_existing(db) as memory:
        return await memory.forget_matching(query, scope=where, limit=limit, threshold=threshold)


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
    items |= {fact.id: fact for fact in await memory.going_along(list(items), scope=where)}
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
    along = 0 if where.session_id is None else len(await _along(memory, where))
    return _Doomed(counts.episodes, counts.facts + along, page.items)


async def _along(memory: Memory, where: Filter) -> set[str]:
    """Return the facts that were drawn from a session, and are not written to it."""
    going: set[str] = set()
    there: set[str] = set()
    cursor: str | None = None
    while True:
        page = await memory.list(scope=where, limit=_LISTED, cursor=cursor)
        ids = [item.id for item in page.items]
        there.update(ids)
        going |= {fact.id for fact in await memory.going_along(ids, scope=where)}
        cursor = page.cursor
        if cursor is None:
            return going - there


def _doomed_of(found: Matches) -> _Doomed:
    episodes = sum(item.origin == "episode" for item in found.items)
    return _Doomed(episodes, len(found.items) - episodes + len(found.along), ())


def _print_matches(found: Matches) -> None:
    """Print all that a question found, and what goes with it."""
    doomed = _doomed_of(found)
    if not found.items:
        print_notice("There is nothing to erase.")
        return
    print_notice(
        f"To be erased: {counted(doomed.episodes, 'episode')}, {counted(doomed.facts, 'fact')}"
    )
    for hit in found.items:
        who = on_one_line(hit.speaker or hit.role or "(fact)")
        print_notice(f"  {hit.score:.2f}  {hit.id}  {when(hit.at)}  {who}  {_shortened(hit.text)}")
    for fact in found.along:
        print_notice(f"  drawn from these: {fact.id}  {_shortened(fact.text)}")
    if found.more:
        print_notice(f"  There may be more: that is as much as --limit {len(found.items)} allows.")


def _shortened(text: str) -> str:
    line = on_one_line(text)
    return line if len(line) <= _PREVIEW_CHARS else line[: _PREVIEW_CHARS - 1] + "…"


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
    for item in doomed.first[:_PREVIEWED]:
        text = _shortened(text_of(item))
        print_notice(f"  {when(item.at)}  {on_one_line(speaker_of(item))}  {text}")
    if number > _PREVIEWED:
        print_notice(f"  … and {number - _PREVIEWED:,} more")
