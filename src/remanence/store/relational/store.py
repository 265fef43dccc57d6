"""A store that keeps memories in tables: its methods, over threads that have the database."""

from __future__ import annotations

import abc
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from remanence.store.analysis import Reanalysis, StaleText
from remanence.store.audit import NewAudit
from remanence.store.facts import FactQuery, NewFact, Supersession
from remanence.store.jobs import NewJob
from remanence.store.protocol import Batch, Changes, Counts, Head, Item
from remanence.store.relational import facts as work
from remanence.store.relational import reads, writes
from remanence.store.relational.archive import RelationalArchive
from remanence.store.relational.audit import RelationalAudit
from remanence.store.relational.extraction_store import RelationalExtraction
from remanence.store.relational.job_store import RelationalJobs
from remanence.store.relational.usage import RelationalUsage
from remanence.store.relational.vector_store import RelationalVectors
from remanence.types import Episode, Fact, Filter, Origin, Scope

__all__ = ["RelationalStore"]

T = TypeVar("T")

_GLANCED_AT = 50
"""So many items are read at a glance: about 10 µs each."""


class RelationalStore(abc.ABC):
    """Keeps memories in tables; fulfils :class:`remanence.store.protocol.Store`, but for erasures.

    A subclass says how work gets to its threads. Calls may come from any event loop.

    Attributes:
        jobs: The work that waits in the same store.
        vectors: The vectors in the same store.
        extraction: What is still to be read for facts in the same store.
        audit: Who asked for what, in the same store.
        archive: All of one user's memory, as it leaves the store and comes in.
        usage: How much there is of whom, in the same store.
    """

    def __init__(self) -> None:
        """Make the parts that work the same way."""
        self.jobs = RelationalJobs(write=self._write, read=self._read)
        self.vectors = RelationalVectors(write=self._write, read=self._read)
        self.extraction = RelationalExtraction(write=self._write, read=self._read)
        self.audit = RelationalAudit(write=self._write, read=self._read)
        self.archive = RelationalArchive(write=self._write, read=self._read)
        self.usage = RelationalUsage(read=self._read)

    @abc.abstractmethod
    async def _write(
        self,
        work: Callable[..., T],
        *arguments: Any,
        holds: str | None = None,
        apart: bool = False,
    ) -> T:
        """Run work in a write transaction."""

    @abc.abstractmethod
    async def _read(
        self,
        work: Callable[..., T],
        *arguments: Any,
        holds: str | None = None,
        apart: bool = False,
    ) -> T:
        """Run work that reads."""

    @abc.abstractmethod
    async def _glance(
        self,
        work: Callable[..., T],
        *arguments: Any,
        holds: str | None = None,
        apart: bool = False,
    ) -> T:
        """Run work that reads a few rows by their keys, as every search begins and ends with."""

    async def append(
        self, batches: Sequence[Batch], *, then: Sequence[NewJob] = (), extract: bool = False
    ) -> list[list[Episode]]:
        """Store messages; see :class:`~remanence.store.protocol.EpisodeStore`."""
        users = {batch.scope.user_id for batch in batches}
        holds = users.pop() if len(users) == 1 else None
        return await self._write(
            writes.append, batches, then, extract, holds=holds, apart=holds is None
        )

    async def episode_ids(self, scope: Scope, message_ids: Sequence[str]) -> list[str]:
        """Find episodes by message id; see :class:`~remanence.store.protocol.EpisodeStore`."""
        return await self._read(reads.episode_ids, scope, message_ids)

    async def add_facts(
        self,
        scope: Scope,
        facts: Sequence[NewFact],
        *,
        superseded: Sequence[Supersession] = (),
        then: Sequence[NewJob] = (),
        audit: NewAudit | None = None,
    ) -> list[Fact]:
        """Store statements; see :class:`~remanence.store.facts.FactStore`."""
        return await self._write(
            work.add_facts, scope, facts, superseded, then, audit, holds=scope.user_id
        )

    async def facts(self, query: FactQuery, *, after: int, limit: int) -> list[tuple[int, Fact]]:
        """List statements; see :class:`~remanence.store.facts.FactStore`."""
        return await self._read(work.facts, query, after, limit)

    async def history(self, where: Filter, id: str) -> list[Fact]:  # noqa: A002 - the field's name
        """Return a statement's line; see :class:`~remanence.store.facts.FactStore`."""
        return await self._read(work.history, where, id)

    async def at_sequence(
        self, user_id: str, numbers: Sequence[int], *, known_at: dt.datetime | None = None
    ) -> dict[int, Item]:
        """Return items by number; see :class:`~remanence.store.protocol.ItemStore`."""
        read = self._glance if len(numbers) <= _GLANCED_AT else self._read
        return await read(reads.at_sequence, user_id, numbers, known_at)

    async def find(self, where: Filter, ids: Sequence[str]) -> dict[str, tuple[int, Item]]:
        """Return items by id; see :class:`~remanence.store.protocol.ItemStore`."""
        return await self._read(reads.find, where, ids)

    async def around(
        self, where: Filter, ids: Sequence[str], *, before: int, after: int
    ) -> dict[str, tuple[Episode, ...]]:
        """Find what was said around; see :class:`~remanence.store.protocol.ItemStore`."""
        return await self._read(reads.around, where, ids, before, after)

    async def page(
        self, where: Filter, *, after: int, limit: int, origin: Origin | None
    ) -> list[tuple[int, Item]]:
        """List items; see :class:`~remanence.store.protocol.ItemStore`."""
        return await self._read(reads.page, where, after, limit, origin)

    async def count(self, where: Filter | None) -> Counts:
        """Count items; see :class:`~remanence.store.protocol.ItemStore`."""
        return await self._read(reads.count, where)

    async def head(self, user_id: str, *, embedder: int | None = None) -> Head:
        """Tell how far a user has come; see :class:`~remanence.store.protocol.IndexFeed`."""
        return await self._glance(reads.head, user_id, embedder)

    async def changes(self, user_id: str, since: Head, *, limit: int) -> Changes:
        """Tell what is new; see :class:`~remanence.store.protocol.IndexFeed`."""
        return await self._read(reads.changes, user_id, since, limit)

    async def stale(self, user_id: str, *, version: int, limit: int) -> list[StaleText]:
        """Find outdated terms; see :class:`~remanence.store.protocol.IndexFeed`."""
        return await self._read(reads.stale, user_id, version, limit)

    async def replace_terms(self, user_id: str, items: Sequence[Reanalysis]) -> None:
        """Store new terms; see :class:`~remanence.store.protocol.IndexFeed`."""
        await self._write(writes.replace_terms, user_id, items, holds=user_id)
