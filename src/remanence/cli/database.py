"""Which database a command works on."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING

from remanence.cli.key import given_key
from remanence.clock import Clock
from remanence.config import default_database
from remanence.errors import InputError, StoreError, StoreReadOnlyError
from remanence.location import path_of
from remanence.types import Filter

if TYPE_CHECKING:
    from remanence.engine import Memory
    from remanence.store.jobs import JobStore

__all__ = [
    "create_or_open",
    "database_path",
    "existing_path",
    "nothing_stored",
    "open_existing",
    "open_jobs",
    "stores_nothing",
]


def database_path(location: str | None) -> Path:
    """Return the file that ``--db`` names, or the default one.

    Raises:
        InputError: ``location`` names no store.
    """
    return default_database() if location is None else path_of(location)


def open_existing(location: str | None) -> Memory:
    """Return the memory at ``location``, to be entered with ``async with``.

    Raises:
        InputError: ``location`` names no store, or there is none yet.
        StoreError: Its folder can't be read.
    """
    from remanence.engine import Memory

    return Memory.open(
        existing_path(location, "make one with 'remanence import', or name another file"),
        key=given_key(),
    )


@contextlib.asynccontextmanager
async def open_jobs(location: str | None) -> AsyncGenerator[JobStore]:
    """Open the jobs that wait in the file at ``location``.

    Raises:
        InputError: ``location`` names no store, or there is none yet.
        StoreError: It can't be opened.
    """
    from remanence.store.sqlite import SQLiteStore

    path = existing_path(location, "name the file that the outbox was opened with")
    store = SQLiteStore(path, key=given_key())
    await store.open()
    try:
        yield store.jobs
    finally:
        await store.aclose()


def existing_path(location: str | None, fix: str) -> Path:
    """Return the file that ``--db`` names, or the default one, if it is there.

    Args:
        location: What ``--db`` says.
        fix: What to do if there is none.

    Raises:
        InputError: ``location`` names no store, or there is none yet.
        StoreError: Its folder can't be read.
    """
    path = database_path(location)
    try:
        found = path.exists()
    except OSError as error:
        raise StoreError(f"{path} can't be looked at ({error.strerror})") from error
    if not found:
        raise InputError("--db", f"there is no database at {path} yet", fix)
    return path


def create_or_open(location: str | None, *, clock: Clock | None = None) -> Memory:
    """Return the memory at ``location``, to be entered with ``async with``; make its folder.

    Args:
        location: What ``--db`` says.
        clock: Where the time of records comes from; the machine's clock by default.

    Raises:
        InputError: ``location`` names no store.
        StoreReadOnlyError: The folder can't be made.
    """
    from remanence.engine import Memory

    path = database_path(location)
    try:
        # Memories are private: a folder made for them is their owner's alone.
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreReadOnlyError(
            f"the folder {path.parent} can't be made ({error.strerror}); name a file elsewhere"
        ) from error
    return Memory.open(path, key=given_key(), clock=clock)


async def stores_nothing(memory: Memory, user: str) -> bool:
    """Return whether a memory holds nothing at all of a user."""
    page = await memory.list(scope=Filter(user), limit=1)
    return not page.items


def nothing_stored(user: str) -> str:
    """Return what to say then."""
    return f"Nothing is stored for {user!r}."
