"""``remanence import --from``: what another memory holds is read, taken in, and looked for."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import enum
import shlex
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from remanence.cli.database import create_or_open, named, open_existing
from remanence.cli.output import counted, notices, print_error, print_notice, print_text
from remanence.clock import SystemClock
from remanence.errors import InputError
from remanence.validation import check_identifier

if TYPE_CHECKING:
    from remanence.engine import Memory
    from remanence.moving.arrivals import Arrival, Arrivals, Skipped
    from remanence.moving.looking import Outlook
    from remanence.moving.outcome import Moved

__all__ = ["Elsewhere", "Source", "move"]

_LISTED = 10
_MOST_USERS = 10_000
_FIX = "run it again; what is there is not doubled"

Progress = Callable[[int, int], None]


class Source(enum.StrEnum):
    """The memories that can be moved in from."""

    MEM0 = "mem0"
    REME = "reme"
    CHATGPT = "chatgpt"


@dataclasses.dataclass(frozen=True, slots=True)
class Elsewhere:
    """What is to be read.

    Attributes:
        source: What kind of memory it is.
        path: Where it is.
        user_id: Whose it becomes, or whose is to be read.
        agent_id: The agent, where it names none.
        history: Where mem0's history is, if not beside its store.
    """

    source: Source
    path: Path
    user_id: str | None
    agent_id: str | None
    history: Path | None

    def read(self, progress: Progress | None) -> Arrivals:
        """Read it.

        Raises:
            InputError: There is no such thing, or it can't be read, or an option is missing.
            MissingExtraError: What is needed to read it is not installed.
        """
        now = SystemClock().now()
        if self.source is Source.MEM0:
            from remanence.moving.mem0 import read_mem0

            return read_mem0(
                self.path,
                user_id=self.user_id,
                agent_id=self.agent_id,
                now=now,
                progress=progress,
                history=self.history,
            )
        if self.source is Source.REME:
            from remanence.moving.reme import read_reme as read
        else:
            from remanence.moving.chatgpt import read_chatgpt as read
        return read(
            self.path, user_id=self.user_id, agent_id=self.agent_id, now=now, progress=progress
        )


def move(elsewhere: Elsewhere, db: str | None, *, dry_run: bool, asked_by: str | None) -> None:
    """Read what another memory holds, take it in unless it is a dry run, and print what came of it.

    Raises:
        InputError: An option is not acceptable, it can't be read, or there is nothing in it.
        MissingExtraError: What is needed to read it is not installed.
        StoreError: The database can't be written.
        typer.Exit: Not all of it is there afterwards.
    """
    if elsewhere.history is not None and elsewhere.source is not Source.MEM0:
        raise typer.BadParameter("--history goes with --from mem0")
    for option, value in (("--user", elsewhere.user_id), ("--agent", elsewhere.agent_id)):
        if value is not None:
            check_identifier(option, value)
    with _bar("Reading") as progress:
        arrivals = elsewhere.read(progress)
    _tell_skipped(arrivals.skipped, few=dry_run)
    if not arrivals.users:
        asyncio.run(_look(arrivals, db, elsewhere.user_id))
        raise InputError(
            str(elsewhere.path), "there is nothing to import in it", "check what it names"
        )
    if dry_run:
        outlooks = asyncio.run(_look(arrivals, db, elsewhere.user_id))
        for arrival, outlook in zip(arrivals.users, outlooks, strict=True):
            _tell_skipped(outlook.skipped, few=True)
            _tell_kept(outlook.kept)
            print_text(
                f"Would import {counted(outlook.new, 'new item')} "
                f"({outlook.there:,} already there) {_in_words(arrival)}."
            )
        left_out = _amount(arrivals.skipped, *(each.skipped for each in outlooks))
        print_text(f"Would skip: {left_out:,}. Nothing was written.")
        return
    moved = asyncio.run(_take_in(arrivals, db, elsewhere.user_id, asked_by))
    for each in moved:
        _tell_skipped(each.skipped)
        _tell_kept(each.kept)
        print_text(
            f"{each.user_id}: {counted(each.episodes, 'new message')}, "
            f"{counted(each.facts, 'new statement')}, {each.there:,} already there; "
            f"{each.verified:,} of {each.expected:,} verified."
        )
    left_out = _amount(arrivals.skipped, *(each.skipped for each in moved))
    print_text(f"Skipped: {left_out:,}\nDatabase: {named(db)}")
    _check(moved)


def _check(moved: Sequence[Moved]) -> None:
    """Tell of whom something is missing.

    Raises:
        typer.Exit: Something is.
    """
    wanting = [each for each in moved if not each.complete]
    for each in wanting:
        print_error(
            f"{each.user_id}: {each.expected:,} items are to be here, and {each.verified:,} were "
            f"found; {_FIX}"
        )
    if wanting:
        raise typer.Exit(1)


async def _take_in(
    arrivals: Arrivals, db: str | None, user_id: str | None, asked_by: str | None
) -> Sequence[Moved]:
    from remanence.moving.moving import move_in

    async with create_or_open(db) as memory:
        with _bar("Writing") as progress:
            moved = await move_in(arrivals, memory, asked_by=asked_by, progress=progress)
        await _tell_outliving(arrivals, memory, db, user_id)
    return moved


async def _look(arrivals: Arrivals, db: str | None, user_id: str | None) -> Sequence[Outlook]:
    """Return what would come of it, by what is in the database; none is made."""
    from remanence.moving.looking import look

    if not named(db).exists():
        return await look(arrivals, None)
    async with open_existing(db) as memory:
        outlooks = await look(arrivals, memory)
        await _tell_outliving(arrivals, memory, db, user_id)
    return outlooks


async def _tell_outliving(
    arrivals: Arrivals, memory: Memory, db: str | None, user_id: str | None
) -> None:
    """Tell what is here of what was deleted there, and how to forget it."""
    from remanence.moving.looking import outliving

    if not arrivals.deleted:
        return
    users = [arrival.user_id for arrival in arrivals.users] if user_id is None else [user_id]
    if user_id is None and not named(db).is_server:  # a server tells only its operator who is there
        users += [usage.user_id for usage in await memory.usage(limit=_MOST_USERS)]
    for user, facts in (await outliving(arrivals, memory, users)).items():
        current = sum(fact.superseded_at is None for fact in facts)
        are = "is" if current == 1 else "are"
        ids = " ".join(fact.id for fact in facts)
        print_notice(
            f"still here: {current:,} of what was deleted in {arrivals.source} {are} known of "
            f"{user!r}, from an earlier import; to forget that, with what it said before: "
            f"remanence forget{_named(db)} --user {shlex.quote(user)} {ids}"
        )


def _named(db: str | None) -> str:
    return "" if db is None else f" --db {shlex.quote(db)}"


def _amount(*skipped: Sequence[Skipped]) -> int:
    """Return how many items were left out."""
    return sum(each.amount for some in skipped for each in some)


def _tell_skipped(skipped: Sequence[Skipped], *, few: bool = False) -> None:
    """Tell what can't be taken in, on standard error."""
    listed = skipped[:_LISTED] if few else skipped
    for each in listed:
        print_notice(f"skipped {each.where}: {each.why}")
    if len(listed) < len(skipped):
        print_notice(f"… and {len(skipped) - len(listed):,} more")


def _tell_kept(kept: Sequence[Skipped]) -> None:
    for each in kept[:_LISTED]:
        print_notice(f"kept {each.where}: it {each.why}")
    if len(kept) > _LISTED:
        print_notice(f"… and {len(kept) - _LISTED:,} more")


def _in_words(arrival: Arrival) -> str:
    """Return how much there is of a user, and of when."""
    ended = sum(getattr(item, "superseded_at", None) is not None for item in arrival.items)
    days = [item.at.date() for item in arrival.items]
    when = str(min(days)) if min(days) == max(days) else f"{min(days)} to {max(days)}"
    superseded = f" ({ended:,} superseded)" if ended else ""
    return (
        f"for {arrival.user_id!r}: {counted(arrival.episodes, 'message')} in "
        f"{counted(len(arrival.sessions), 'session')}, "
        f"{counted(arrival.facts, 'statement')}{superseded}, {when}"
    )


@contextlib.contextmanager
def _bar(description: str) -> Generator[Progress | None]:
    """Show how far it has come, on a terminal."""
    console = notices()
    if not console.is_terminal:
        yield None
        return
    from rich.progress import MofNCompleteColumn
    from rich.progress import Progress as Bar

    with Bar(
        *Bar.get_default_columns(), MofNCompleteColumn(), console=console, transient=True
    ) as bar:
        task = bar.add_task(description, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
