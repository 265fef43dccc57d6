"""``remanence copy``: all memories of a database into another one."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from remanence.cli.database import Place, existing
from remanence.cli.key import default_key, named_key, read_key
from remanence.cli.options import JsonOption
from remanence.cli.output import counted, notices, print_error, print_json, print_notice, print_text
from remanence.cli.receipts import ByOption, asking
from remanence.clock import SystemClock
from remanence.errors import InputError

if TYPE_CHECKING:
    from remanence.engine.copying import CopiedUser
    from remanence.store.archive import TakenIn
    from remanence.store.postgres import PostgresStore
    from remanence.store.sqlite import SQLiteStore

__all__ = ["copy"]

_MOST_TOLD = 20


@dataclasses.dataclass(slots=True)
class _Sum:
    """What was copied, over all users."""

    states: Counter[str] = dataclasses.field(default_factory=Counter[str])
    unlike: int = 0
    sessions: int = 0
    episodes: int = 0
    facts: int = 0
    wrong: list[CopiedUser] = dataclasses.field(default_factory=list["CopiedUser"])
    erasures: int = 0
    besides: int = 0

    def add(self, user: CopiedUser) -> None:
        self.states[user.state] += 1
        if user.state == "to copy":  # as far as numbers tell; ids are not compared
            self.sessions += max(0, user.source.sessions - user.target.sessions)
            self.episodes += max(0, user.source.episodes - user.target.episodes)
            self.facts += max(0, user.source.facts - user.target.facts)
        else:
            self.sessions += user.stored.sessions
            self.episodes += user.stored.episodes
            self.facts += user.stored.facts
        if user.state == "different" and _is_any(user.stored):
            self.unlike += 1
        if user.told:
            self.wrong.append(user)

    @property
    def amount(self) -> str:
        """How much was copied, in words."""
        users = self.states["copied"] + self.states["to copy"] + self.unlike
        unlike = f", {self.unlike:,} of them not the same afterwards" if self.unlike else ""
        return (
            f"{counted(users, 'user')}{unlike}: "
            f"{counted(self.episodes, 'episode')}, {counted(self.facts, 'fact')} "
            f"({counted(self.sessions, 'session')})"
        )


def _is_any(stored: TakenIn) -> bool:
    """Return whether anything of a user was stored."""
    return any((stored.sessions, stored.episodes, stored.facts, stored.facts_completed))


def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help="The database to copy.")],
    target: Annotated[
        str, typer.Argument(metavar="TO", help="The database to copy it to; made if it is missing.")
    ],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only compare, and tell what would be copied.")
    ] = False,
    target_key_file: Annotated[
        Path | None,
        typer.Option(
            "--target-key-file",
            metavar="FILE",
            help="Where the key of TO is, if that is a file with another key than FROM.",
        ),
    ] = None,
    by: ByOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy the memories of all users to another database: file or server, either way.

    Each user comes in one transaction; what is there already is not stored again. A copy that was
    interrupted goes on where it was when it is run again, and a later run brings what came since.
    Nothing is removed from TO.

    Afterwards both sides are compared, user by user, by a digest of sessions, episodes, facts and
    sources. The exit code is 1 if anything is not the same.

    Vectors are made anew when TO is opened with an embedder. The audit stays where it is.
    """
    here = existing(source, "name the file of a memory", parameter="FROM")
    there = Place.of(target)
    _check(here, there, target_key_file)
    found = asyncio.run(
        _copy(here, there, target_key_file, asking(by), dry_run=dry_run, as_json=as_json)
    )
    _print_sum(found, here, there, dry_run=dry_run)
    for user in found.wrong[:_MOST_TOLD]:
        print_error(f"{user.user_id}: {user.told}")
    if len(found.wrong) > _MOST_TOLD:
        print_error(f"and {len(found.wrong) - _MOST_TOLD:,} users more: see --json")
    if found.wrong:
        raise typer.Exit(1)


def _check(here: Place, there: Place, target_key_file: Path | None) -> None:
    """Refuse what can't be meant.

    Raises:
        InputError: It can't be.
    """
    if isinstance(here.location, Path) and isinstance(there.location, Path):
        if here.location.resolve() == there.location.resolve():
            raise InputError("TO", f"is the same file as FROM: {there}", "name another file")
    elif here.is_server and there.is_server and named_key() is not None:
        raise InputError("--key-file", "is given, and neither is a file", "leave it out")
    if there.is_server and target_key_file is not None:
        raise InputError("--target-key-file", "is given, and TO is no file", "leave it out")
    if isinstance(there.location, Path):
        folder = there.location.expanduser().parent
        if not folder.is_dir():
            raise InputError("TO", f"its folder {folder} does not exist", "create the folder first")


def _store(place: Place, key_file: Path | None = None) -> SQLiteStore | PostgresStore:
    """Return a store; the key that was named for the command is that of the files."""
    if place.is_server:
        return place.store_with(None)
    key = read_key(key_file) if key_file is not None else named_key() or default_key()
    return place.store_with(key)


def _may_be_made(place: Place) -> bool:
    """Return whether opening a store would make it, where there is none yet."""
    if isinstance(place.location, Path):
        return True
    from remanence.store.postgres.inspection import may_make_schema

    return may_make_schema(place.location)


@contextlib.asynccontextmanager
async def _opened(
    store: SQLiteStore | PostgresStore,
) -> AsyncGenerator[SQLiteStore | PostgresStore]:
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


async def _copy(
    here: Place,
    there: Place,
    key_file: Path | None,
    asked_by: str | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> _Sum:
    from remanence.engine.copying import Copier

    found = _Sum()
    async with contextlib.AsyncExitStack() as stack:
        source = await stack.enter_async_context(_opened(_store(here)))
        target = _store(there, key_file)
        # What the real copy would make is left; opening what it can't make is refused, as there.
        missing = dry_run and not there.exists() and _may_be_made(there)
        if not missing:
            await stack.enter_async_context(_opened(target))
        copier = Copier(source, target, clock=SystemClock(), asked_by=asked_by)
        stack.push_async_callback(copier.aclose)
        if not dry_run:
            found.erasures = await copier.prepare()
        counts = await source.count(None)
        with _bar(counts.episodes + counts.facts) as advance:
            async for user_id in copier.users():
                if missing:
                    user = await copier.outgoing(user_id)
                elif dry_run:
                    user = await copier.compare(user_id)
                else:
                    user = await copier.copy(user_id)
                found.add(user)
                advance(user.source.items)
                if as_json:
                    print_json(_json_fields(user))
        if not dry_run:
            found.besides = (await target.count(None)).users - sum(found.states.values())
    return found


def _json_fields(user: CopiedUser) -> dict[str, object]:
    return {
        "user_id": user.user_id,
        "state": user.state,
        "source": dataclasses.asdict(user.source),
        "target": dataclasses.asdict(user.target),
        "stored": dataclasses.asdict(user.stored),
        "told": user.told,
    }


def _print_sum(found: _Sum, here: Place, there: Place, *, dry_run: bool) -> None:
    unchanged = f"{counted(found.states['there'], 'user')} already there, and the same."
    if dry_run:
        print_text(f"Would copy {found.amount}. {unchanged} Nothing was written.")
        return
    if found.erasures:
        print_text(f"Carried out first: {counted(found.erasures, 'erasure')} asked for before.")
    print_text(f"Copied {found.amount}. {unchanged}")
    same = found.states["copied"] + found.states["there"]
    print_text(
        f"Compared, by counts and SHA-256 of all that is kept of each: {counted(same, 'user')} "
        f"the same in {here} and {there}, {len(found.wrong):,} not."
    )
    if found.besides > 0:
        print_notice(f"{there} holds {counted(found.besides, 'user')} besides.")
    print_notice(
        "Not copied: vectors, which are made anew when it is opened with an embedder; the audit, "
        "which 'remanence audit --json' shows."
    )


@contextlib.contextmanager
def _bar(items: int) -> Generator[Callable[[int], None]]:
    """Show how far it has come, on a terminal; the function is told of how many items more."""
    from rich.progress import MofNCompleteColumn, Progress

    console = notices()
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("Copying", total=items)
        yield lambda more: progress.advance(task, more)
