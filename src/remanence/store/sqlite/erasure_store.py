"""What is to be erased in an SQLite file, over the threads of the store that has it open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from remanence.store.erasing import Erasure, NewErasure, Scrub
from remanence.store.sqlite import erasing as work
from remanence.store.sqlite.database import Database
from remanence.store.sqlite.lane import Runs
from remanence.store.sqlite.scrub import overwrite_free_space
from remanence.types import Fact, Filter

__all__ = ["SQLiteErasures"]

_PATIENCE = 2.0
"""Seconds that an erasure waits for readers who need the log that it is about to empty."""


class SQLiteErasures:
    """Erases in a store's file; see :class:`remanence.store.erasing.ErasureStore`.

    Calls may come from any event loop, while the store is open.

    Args:
        write: Runs work in a write transaction.
        read: Runs work that reads.
        glance: Runs work that reads a few rows by their keys.
        alone: Runs work that manages transactions itself.
    """

    def __init__(self, *, write: Runs, read: Runs, glance: Runs, alone: Runs) -> None:
        """Keep the ways to the store's threads."""
        self._write = write
        self._read = read
        self._glance = glance
        self._alone = alone

    async def ask(self, wanted: Sequence[NewErasure]) -> list[int]:
        """Write down what is to be erased; see the protocol."""
        return await self._write(work.ask, wanted)

    async def is_asked(self, user_id: str) -> bool:
        """Return whether something is to be removed; see the protocol."""
        return await self._glance(work.is_asked, user_id)

    async def asked(self, user_id: str | None) -> list[int]:
        """Return what is still to be removed; see the protocol."""
        return await self._read(work.asked, user_id)

    async def remove(self, number: int, *, at: dt.datetime) -> Erasure | None:
        """Remove what was asked for; see the protocol."""
        return await self._write(work.remove, number, at)

    async def removed(self, *, now: dt.datetime) -> list[Erasure]:
        """Return what is still to be overwritten; see the protocol."""
        return await self._read(work.removed, now)

    async def overwrite(self, number: int) -> Scrub:
        """Overwrite freed space and empty the log; see the protocol."""
        return await self._alone(_overwrite, number)

    async def finish(self, numbers: Sequence[int]) -> None:
        """Forget erasures; see the protocol."""
        await self._alone(_finish, numbers)

    async def referring(self, erasure: Erasure) -> int:
        """Count what is left; see the protocol."""
        return await self._read(work.referring, erasure)

    async def going_along(self, where: Filter, ids: Sequence[str]) -> list[Fact]:
        """Return what would go as well; see the protocol."""
        return await self._read(work.going_along, where, ids)

    async def expired(self, until: dt.datetime, *, user_id: str | None) -> list[str]:
        """Return of whom something is older; see the protocol."""
        return await self._read(work.expired, until, user_id)


def _overwrite(database: Database, number: int) -> Scrub:
    if work.is_overwritten(database, number):
        empty = database.truncate_log(_PATIENCE)
        return Scrub(clean=True, log_empty=empty, told="another erasure has overwritten it")
    return overwrite_free_space(database, _PATIENCE)


def _finish(database: Database, numbers: Sequence[int]) -> None:
    with database.transaction():
        work.finish(database, numbers)
    database.truncate_log()
