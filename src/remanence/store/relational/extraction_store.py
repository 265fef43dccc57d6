"""What is read for facts in tables, over the threads of the store that has them."""

from __future__ import annotations

from collections.abc import Sequence

from remanence.store.extraction import Expense, Kept, Reading, Unextracted
from remanence.store.jobs import NewJob
from remanence.store.relational import extraction as work
from remanence.store.relational.database import Runs
from remanence.types import Filter, Scope

__all__ = ["RelationalExtraction"]


class RelationalExtraction:
    """Keeps readings in a store's tables; see :class:`remanence.store.extraction.ExtractionStore`.

    Calls may come from any event loop, while the store is open.

    Args:
        write: Runs work in a write transaction.
        read: Runs work that reads.
    """

    def __init__(self, *, write: Runs, read: Runs) -> None:
        """Keep the ways to the store's threads."""
        self._write = write
        self._read = read

    async def unextracted(
        self, scope: Scope, *, limit: int, before: int, passed_over: bool = False
    ) -> Unextracted:
        """Return what comes next; see the protocol."""
        return await self._read(work.unextracted, scope, limit, before, passed_over)

    async def last_fact(self, user_id: str) -> int:
        """Return the number of a user's last fact; see the protocol."""
        return await self._read(work.last_fact, user_id)

    async def keep_reading(self, reading: Reading, *, then: Sequence[NewJob] = ()) -> Kept:
        """Store what was found; see the protocol."""
        return await self._write(work.keep_reading, reading, then, holds=reading.scope.user_id)

    async def enlist(self, where: Filter, *, limit: int) -> list[Scope]:
        """Let wait what was never read; see the protocol."""
        return await self._write(work.enlist, where, limit, holds=where.user_id)

    async def waiting(self) -> int:
        """Count what is still to be read; see the protocol."""
        return await self._read(work.waiting)

    async def spend(self, expense: Expense) -> None:
        """Add to what models were asked; see the protocol."""
        await self._write(work.spend, expense)

    async def spent(self) -> Expense:
        """Return what models were asked so far; see the protocol."""
        return await self._read(work.spent)
