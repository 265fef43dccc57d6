"""The embedded store: one SQLite file, one writer, a few readers."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import apsw

from remanence.errors import MemoryClosedError
from remanence.store.analysis import Reanalysis, StaleText
from remanence.store.audit import NewAudit
from remanence.store.facts import FactQuery, NewFact, Supersession
from remanence.store.jobs import NewJob
from remanence.store.protocol import Batch, Changes, Counts, Head, Item
from remanence.store.sqlite import facts as work
from remanence.store.sqlite import reads, writes
from remanence.store.sqlite.archive import SQLiteArchive
from remanence.store.sqlite.audit import SQLiteAudit
from remanence.store.sqlite.cipher import Cipher, Key
from remanence.store.sqlite.database import Database
from remanence.store.sqlite.erasure_store import SQLiteErasures
from remanence.store.sqlite.extraction_store import SQLiteExtraction
from remanence.store.sqlite.job_store import SQLiteJobs
from remanence.store.sqlite.lane import Lane, ReaderLane
from remanence.store.sqlite.orders import SQLiteOrders
from remanence.store.sqlite.vector_store import SQLiteVectors
from remanence.store.sqlite.writer import WriterLane
from remanence.types import Episode, Fact, Filter, Origin, Scope

__all__ = ["SQLiteStore"]

T = TypeVar("T")

_READERS = 2
_GLANCED_AT = 50
"""So many items are read without a thread: about 10 µs each."""


@dataclasses.dataclass(slots=True)
class _Lanes:
    """The threads of an open store, and the process that opened it."""

    writer: WriterLane
    reader: ReaderLane
    glance: Database
    process: int


class SQLiteStore:
    """Keeps memories in one SQLite file; fulfils :class:`remanence.store.protocol.Store`.

    Several processes may have the file open. Calls may come from any event loop.

    Args:
        path: The file; created if missing, readable by its owner only.
        busy_timeout: Seconds to wait for another process's transaction.
        key: What the file is encrypted with: a passphrase, or 32 bytes; ``None`` if it is not.

    Attributes:
        path: The file.
        jobs: The work that waits in the same file.
        vectors: The vectors in the same file.
        extraction: What is still to be read for facts in the same file.
        audit: Who asked for what, in the same file.
        archive: All of one user's memory, as it leaves the file and comes in.
        erasures: What is to be erased in the same file.
        orders: What services are to erase whose jobs are in the same file.
    """

    def __init__(self, path: Path, *, busy_timeout: float = 30.0, key: Key | None = None) -> None:
        """Keep the settings; nothing is opened yet."""
        self.path = path
        self.jobs = SQLiteJobs(write=self._write, read=self._read)
        self.vectors = SQLiteVectors(write=self._write, read=self._read)
        self.extraction = SQLiteExtraction(write=self._write, read=self._read)
        self.audit = SQLiteAudit(write=self._write, read=self._read)
        self.archive = SQLiteArchive(write=self._write, read=self._read)
        self.erasures = SQLiteErasures(
            write=self._write, read=self._read, glance=self._glance, alone=self._alone
        )
        self.orders = SQLiteOrders(
            write=self._write, read=self._read, glance=self._glance, alone=self._alone
        )
        self._busy_timeout = busy_timeout
        self._cipher = None if key is None else Cipher(key)
        self._lanes: _Lanes | None = None
        self._wanted = 0
        self._switching = threading.Lock()
        self._glancing = threading.Lock()

    async def open(self) -> None:
        """Open the file, creating or migrating it as needed."""
        opening: Future[None] = Future()
        threading.Thread(target=self._open_once, args=(opening,), daemon=True).start()
        try:
            await asyncio.shield(asyncio.wrap_future(opening))
        except asyncio.CancelledError:
            opening.add_done_callback(self._abandon)
            raise

    def _open_once(self, opening: Future[None]) -> None:
        """Open the file unless it is open."""
        try:
            with self._switching:
                if self._lanes is None or self._lanes.process != os.getpid():
                    self._lanes = self._open()
                    self._wanted = 0
                self._wanted += 1
        except BaseException as error:  # whoever waits for the future gets it
            opening.set_exception(error)
        else:
            opening.set_result(None)

    def _abandon(self, opening: Future[None]) -> None:
        """Close what was opened for somebody who no longer waits, if nobody else wants it."""
        if opening.exception() is not None:
            return
        with self._switching:
            self._wanted -= 1
            if self._wanted == 0:
                self._shut()

    def _open(self) -> _Lanes:
        databases: list[Database] = []
        try:
            for number in range(2 + _READERS):
                database = Database(
                    self.path,
                    busy_timeout=0 if number == 1 else self._busy_timeout,
                    writable=number == 0,
                    cipher=self._cipher,
                )
                databases.append(database)
        except BaseException:
            for database in databases:
                database.close()
            raise
        return _Lanes(
            WriterLane("remanence-writer", databases[:1]),
            ReaderLane("remanence-reader", databases[2:]),
            databases[1],
            os.getpid(),
        )

    async def aclose(self) -> None:
        """Finish what was begun, empty the log and close; closing twice does nothing."""
        await asyncio.shield(asyncio.to_thread(self._close))

    def _close(self) -> None:
        with self._switching:
            self._shut()

    def _shut(self) -> None:
        lanes, self._lanes = self._lanes, None
        if lanes is None or lanes.process != os.getpid():
            return  # after a fork the threads and the connections are the parent's
        with self._glancing:
            lanes.glance.close()
        lanes.reader.close()
        lanes.writer.close()

    @property
    def commits(self) -> int:
        """How many write transactions this store has made since it was opened."""
        return 0 if self._lanes is None else self._lanes.writer.commits

    def _open_lanes(self) -> _Lanes:
        if self._lanes is None:
            raise MemoryClosedError(f"{self.path} is not open; open it first")
        if self._lanes.process != os.getpid():
            raise MemoryClosedError(
                f"{self.path} was opened before this process was forked; open it again here"
            )
        return self._lanes

    async def _write(self, work: Callable[..., T], *arguments: Any) -> T:
        return await _done(self._open_lanes().writer, work, *arguments)

    async def _alone(self, work: Callable[..., T], *arguments: Any) -> T:
        """Write, in transactions of its own."""
        return await _done(self._open_lanes().writer, work, *arguments, alone=True)

    async def _read(self, work: Callable[..., T], *arguments: Any) -> T:
        return await _done(self._open_lanes().reader, work, *arguments)

    async def append(
        self, batches: Sequence[Batch], *, then: Sequence[NewJob] = (), extract: bool = False
    ) -> list[list[Episode]]:
        """Store messages; see :class:`~remanence.store.protocol.EpisodeStore`."""
        return await self._write(writes.append, batches, then, extract)

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
        return await self._write(work.add_facts, scope, facts, superseded, then, audit)

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

    async def _glance(self, work: Callable[..., T], *arguments: Any) -> T:
        """Read a few rows by their keys, right here.

        Every search begins and ends with that. It takes a fraction of the time that handing it to a
        thread takes, so that is only done if it would mean to wait.
        """
        lanes = self._open_lanes()
        if self._glancing.acquire(blocking=False):
            try:
                return work(lanes.glance, *arguments)
            except apsw.Error:
                pass  # busy, most likely: the reader waits, or tells what is wrong
            finally:
                self._glancing.release()
        return await self._read(work, *arguments)

    async def changes(self, user_id: str, since: Head, *, limit: int) -> Changes:
        """Tell what is new; see :class:`~remanence.store.protocol.IndexFeed`."""
        return await self._read(reads.changes, user_id, since, limit)

    async def stale(self, user_id: str, *, version: int, limit: int) -> list[StaleText]:
        """Find outdated terms; see :class:`~remanence.store.protocol.IndexFeed`."""
        return await self._read(reads.stale, user_id, version, limit)

    async def replace_terms(self, user_id: str, items: Sequence[Reanalysis]) -> None:
        """Store new terms; see :class:`~remanence.store.protocol.IndexFeed`."""
        await self._write(writes.replace_terms, user_id, items)


async def _done(lane: Lane, work: Callable[..., T], *arguments: Any, alone: bool = False) -> T:
    """Let a thread work, and return what came of it."""
    return await asyncio.wrap_future(
        lane.submit(lambda database: work(database, *arguments), alone=alone)
    )
