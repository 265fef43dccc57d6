"""What is to be erased in an SQLite file, to the last byte that freed space holds."""

from __future__ import annotations

from collections.abc import Sequence

from remanence.store.erasing import Scrub
from remanence.store.relational import erasing as work
from remanence.store.relational.database import Runs
from remanence.store.relational.erasure_store import RelationalErasures
from remanence.store.sqlite.database import Database
from remanence.store.sqlite.scrub import overwrite_free_space

__all__ = ["SQLiteErasures"]

_PATIENCE = 2.0
"""Seconds that an erasure waits for readers who need the log that it is about to empty."""


class SQLiteErasures(RelationalErasures):
    """Erases in a store's file; see :class:`remanence.store.erasing.ErasureStore`.

    Args:
        write: Runs work in a write transaction.
        read: Runs work that reads.
        glance: Runs work that reads a few rows by their keys.
        alone: Runs work that manages transactions itself.
    """

    def __init__(self, *, write: Runs, read: Runs, glance: Runs, alone: Runs) -> None:
        """Keep the ways to the store's threads."""
        super().__init__(write=write, read=read, glance=glance)
        self._alone = alone

    async def overwrite(self, number: int) -> Scrub:
        """Overwrite freed space and empty the log; see the protocol."""
        return await self._alone(_overwrite, number)

    async def finish(self, numbers: Sequence[int]) -> None:
        """Forget erasures, and empty the log of them; see the protocol."""
        await self._alone(_finish, numbers)


def _overwrite(database: Database, number: int) -> Scrub:
    if work.is_overwritten(database, number):
        empty = database.truncate_log(_PATIENCE)
        return Scrub(clean=True, log_empty=empty, told="another erasure has overwritten it")
    return overwrite_free_space(database, _PATIENCE)


def _finish(database: Database, numbers: Sequence[int]) -> None:
    with database.transaction():
        work.finish(database, numbers)
    database.truncate_log()
