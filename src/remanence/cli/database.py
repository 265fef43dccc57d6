"""Which database a command works on: a file, or one of a server."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING

from remanence.cli.key import default_key, named_key
from remanence.clock import Clock
from remanence.config import default_database
from remanence.errors import InputError, StoreError, StoreReadOnlyError
from remanence.location import is_server, path_of, shown
from remanence.types import Filter

if TYPE_CHECKING:
    from remanence.engine import Memory
    from remanence.store.jobs import JobStore
    from remanence.store.postgres import PostgresStore
    from remanence.store.sqlite import SQLiteStore

__all__ = [
    "Place",
    "create_or_open",
    "existing",
    "jobs_at",
    "make_room",
    "named",
    "nothing_stored",
    "open_existing",
    "open_jobs",
    "stores_nothing",
]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Place:
    """A database that somebody named; as text, it is shown without its password.

    Attributes:
        location: A file, or the URL of a server's database, password included.
    """

    location: str | Path

    @classmethod
    def of(cls, location: str) -> Place:
        """Return what a location names.

        Raises:
            InputError: It names no store.
        """
        return cls(location if is_server(location) else path_of(location))

    def __str__(self) -> str:
        """Return its name for people."""
        return shown(str(self.location))

    def __repr__(self) -> str:
        """Return the same, for those who debug."""
        return f"Place({str(self)!r})"

    @property
    def quoted(self) -> str:
        """Its name for people, as a shell takes it."""
        return shlex.quote(str(self))

    @property
    def is_server(self) -> bool:
        """Whether a server has it."""
        return not isinstance(self.location, Path)

    def file(self, why: str) -> Path:
        """Return the file.

        Args:
            why: What only files have, as the beginning of a sentence.

        Raises:
            InputError: It is no file.
        """
        if isinstance(self.location, Path):
            return self.location
        raise InputError("--db", f"names a server: {self}", f"name a file; {why}")

    def key(self) -> str | bytes | None:
        """Return what the file is encrypted with, if it is; a server's database has none.

        Raises:
            InputError: A key was named for a server's, or there is none in the file that was named.
        """
        if not self.is_server:
            return named_key() or default_key()
        if named_key() is not None:
            raise InputError(
                "--key-file",
                f"is given, and {self} is no file",
                "leave it out: a server's disk is encrypted where it is",
            )
        return None

    def store(self) -> SQLiteStore | PostgresStore:
        """Return the store, not open yet.

        Raises:
            InputError: There is no such database, or a key was named for a server's.
            MissingExtraError: What talks to a server is not installed.
        """
        return self.store_with(self.key())

    def store_with(self, key: str | bytes | None) -> SQLiteStore | PostgresStore:
        """Return the store, not open yet, with another key than the one of the command.

        Raises:
            InputError: There is no such database, or a server's has a key.
            MissingExtraError: What talks to a server is not installed.
        """
        from remanence.store.choosing import store_at

        return store_at(self.location, key=key)

    def exists(self) -> bool:
        """Return whether anything was ever made there; nothing is made by asking.

        Raises:
            StoreError: It can't be looked at.
        """
        if not isinstance(self.location, Path):
            self.store()  # sees that what talks to a server is installed
            from remanence.store.postgres.inspection import has_schema

            return has_schema(self.location)
        try:
            return self.location.exists()
        except OSError as error:
            raise StoreError(f"{self.location} can't be looked at ({error.strerror})") from error


def named(location: str | None) -> Place:
    """Return the database that ``--db`` names, or the default one.

    Raises:
        InputError: ``location`` names no store.
    """
    return Place.of(default_database() if location is None else location)


def existing(location: str | None, fix: str, *, parameter: str = "--db") -> Place:
    """Return the database that a command was given, or the default one, if it is there.

    Args:
        location: What it was given.
        fix: What to do if there is no such file.
        parameter: What the command calls it.

    Raises:
        InputError: ``location`` names no store, or there is none yet.
        StoreError: It can't be looked at.
    """
    place = named(location)
    if place.exists():
        return place
    if place.is_server:
        raise InputError(
            parameter,
            f"there is no memory in {place} yet",
            "name another database, or let the database's owner run: remanence migrate "
            f"postgresql://OWNER@… --grant {_login(str(place.location))}",
        )
    raise InputError(parameter, f"there is no database at {place} yet", fix)


def _login(location: str) -> str:
    """Return as whom a URL logs in, as a shell takes it."""
    from remanence.store.postgres.connections import Address

    return shlex.quote(Address.of(location).settings.get("user", "NAME"))


def open_existing(location: str | None) -> Memory:
    """Return the memory at ``location``, to be entered with ``async with``.

    Raises:
        InputError: ``location`` names no store, or there is none yet.
        StoreError: It can't be looked at.
    """
    from remanence.engine import Memory

    place = existing(location, "make one with 'remanence import', or name another file")
    return Memory.open(place.location, key=place.key())


@contextlib.asynccontextmanager
async def open_jobs(location: str | None) -> AsyncGenerator[JobStore]:
    """Open the jobs that wait at ``location``.

    Raises:
        InputError: ``location`` names no store, or there is none yet.
        StoreError: It can't be opened.
    """
    place = existing(location, "name the file that the outbox was opened with")
    async with jobs_at(place) as jobs:
        yield jobs


@contextlib.asynccontextmanager
async def jobs_at(place: Place) -> AsyncGenerator[JobStore]:
    """Open the jobs that wait at a place where something was made.

    Raises:
        StoreError: It can't be opened.
    """
    store = place.store()
    await store.open()
    try:
        yield store.jobs
    finally:
        await store.aclose()


def create_or_open(location: str | None, *, clock: Clock | None = None) -> Memory:
    """Return the memory at ``location``, to be entered with ``async with``; make a file's folder.

    Args:
        location: What ``--db`` says.
        clock: Where the time of records comes from; the machine's clock by default.

    Raises:
        InputError: ``location`` names no store.
        StoreReadOnlyError: The folder can't be made.
    """
    from remanence.engine import Memory

    place = named(location)
    make_room(place)
    return Memory.open(place.location, key=place.key(), clock=clock)


def make_room(place: Place) -> None:
    """Make the folder of a file that is to be made.

    Raises:
        StoreReadOnlyError: It can't be made.
    """
    if not isinstance(place.location, Path):
        return
    folder = place.location.parent
    try:
        # Memories are private: a folder made for them is their owner's alone.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreReadOnlyError(
            f"the folder {folder} can't be made ({error.strerror}); name a file elsewhere"
        ) from error


async def stores_nothing(memory: Memory, user: str) -> bool:
    """Return whether a memory holds nothing at all of a user."""
    page = await memory.list(scope=Filter(user), limit=1)
    return not page.items


def nothing_stored(user: str) -> str:
    """Return what to say then."""
    return f"Nothing is stored for {user!r}."
