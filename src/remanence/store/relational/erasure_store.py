"""What is to be erased in tables, over the threads of the store that has them."""

from __future__ import annotations

import abc
import datetime as dt
from collections.abc import Sequence

from remanence.store.erasing import Erasure, NewErasure, Scrub
from remanence.store.relational import erasing as work
from remanence.store.relational.database import Runs
from remanence.types import Fact, Filter

__all__ = ["RelationalErasures"]


class RelationalErasures(abc.ABC):
    """Erases rows; see :class:`remanence.store.erasing.ErasureStore`.

    A subclass says what becomes of the space that they took.

    Calls may come from any event loop, while the store is open.

    Args:
        write: Runs work in a write transaction.
        read: Runs work that reads.
        glance: Runs work that reads a few rows by their keys.
    """

    def __init__(self, *, write: Runs, read: Runs, glance: Runs) -> None:
        """Keep the ways to the store's threads."""
        self._write = write
        self._read = read
        self._glance = glance

    async def ask(self, wanted: Sequence[NewErasure]) -> list[int]:
        """Write down what is to be erased; see the protocol."""
        return await self._write(work.ask, wanted, apart=True)

    async def is_asked(self, user_id: str) -> bool:
        """Return whether something is to be removed; see the protocol."""
        return await self._glance(work.is_asked, user_id)

    async def asked(self, user_id: str | None) -> list[int]:
        """Return what is still to be removed; see the protocol."""
        return await self._read(work.asked, user_id)

    async def remove(self, number: int, *, at: dt.datetime) -> Erasure | None:
        """Remove what was asked for; see the protocol."""
        return await self._write(work.remove, number, at, apart=True)

    async def removed(self, *, now: dt.datetime) -> list[Erasure]:
        """Return what is still to be overwritten; see the protocol."""
        return await self._read(work.removed, now)

    @abc.abstractmethod
    async def overwrite(self, number: int) -> Scrub:
        """Overwrite what freed space still holds; see the protocol."""

    async def finish(self, numbers: Sequence[int]) -> None:
        """Forget erasures; see the protocol."""
        await self._write(work.finish, numbers)

    async def referring(self, erasure: Erasure) -> int:
        """Count what is left; see the protocol."""
        return await self._read(work.referring, erasure)

    async def going_along(self, where: Filter, ids: Sequence[str]) -> list[Fact]:
        """Return what would go as well; see the protocol."""
        return await self._read(work.going_along, where, ids)

    async def expired(self, until: dt.datetime, *, user_id: str | None) -> list[str]:
        """Return of whom something is older; see the protocol."""
        return await self._read(work.expired, until, user_id)
