"""The server store: PostgreSQL, over a few threads with connections of a pool."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from remanence.errors import MemoryClosedError
from remanence.store.postgres.announcing import Announcer
from remanence.store.postgres.connections import Address, Pool, half_type, make_pool
from remanence.store.postgres.database import Database
from remanence.store.postgres.erasures import PostgresErasures
from remanence.store.postgres.faults import translated
from remanence.store.postgres.migrating import check
from remanence.store.postgres.writer import ReadingLane, WritingLane
from remanence.store.relational.job_store import RelationalJobs
from remanence.store.relational.lane import perform
from remanence.store.relational.store import RelationalStore

__all__ = ["PostgresStore"]

T = TypeVar("T")

_WRITERS = 2
"""Threads that write for users, each for its own half of them; one more tends jobs."""

LEAST_CONNECTIONS = _WRITERS + 2


@dataclasses.dataclass(slots=True)
class _Lanes:
    """The threads of an open store, and the process that opened it."""

    pool: Pool
    writers: tuple[WritingLane, ...]
    jobs: WritingLane
    reader: ReadingLane
    announcer: Announcer
    process: int


class PostgresStore(RelationalStore):
    """Keeps memories in a PostgreSQL database; fulfils :class:`remanence.store.protocol.Store`.

    Any number of processes may work with the database. Calls may come from any event loop.

    Whoever logs in has to be a member of the roles ``remanence_app`` and ``remanence_worker``, as
    which statements run.

    Args:
        location: The database, as a URL that libpq understands.
        connections: How many connections this holds at most, besides two that tell other processes
            of work; at least 4.
        patience: Seconds to go on trying for when the server can't be reached, or somebody else
            holds the same rows.

    Attributes:
        location: The database's name, without a password.
        erasures: What is to be erased in the same database.
    """

    def __init__(self, location: str, *, connections: int = 8, patience: float = 30.0) -> None:
        """Keep the settings; nothing is opened yet."""
        super().__init__()
        self._address = Address.of(location, patience=patience)
        self.location = self._address.shown
        self.jobs = RelationalJobs(write=self._tend, read=self._read, listen=self._listen)
        self.erasures = PostgresErasures(write=self._write, read=self._read, glance=self._read)
        self._connections = connections
        self._patience = patience
        self._lanes: _Lanes | None = None
        self._wanted = 0
        self._switching = threading.Lock()

    async def open(self) -> None:
        """Connect, and see that the schema is there."""
        opening = asyncio.ensure_future(asyncio.to_thread(self._open_once))
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(self._abandon)
            raise

    def _open_once(self) -> None:
        with self._switching:
            if self._lanes is None or self._lanes.process != os.getpid():
                self._lanes = self._open()
                self._wanted = 0
            self._wanted += 1

    def _abandon(self, opening: asyncio.Future[None]) -> None:
        """Close what was opened for somebody who no longer waits, if nobody else wants it."""
        if opening.cancelled() or opening.exception() is not None:
            return
        threading.Thread(target=self._unwanted, daemon=True).start()

    def _unwanted(self) -> None:
        with self._switching:
            self._wanted -= 1
            if self._wanted == 0:
                self._shut()

    def _open(self) -> _Lanes:
        check(self._address)
        pool = make_pool(self._address, size=self._connections, patience=self._patience)
        try:
            with translated(self.location):
                pool.open(wait=True, timeout=self._patience)
                with pool.connection() as connection:
                    halves = half_type(connection)
        except BaseException:
            pool.close()
            raise

        def database() -> Database:
            return Database(pool, place=self.location, halves=halves, patience=self._patience)

        announcer = Announcer(self._address)

        def writer(name: str) -> WritingLane:
            return WritingLane(
                name, database(), patience=self._patience, announce=announcer.announce
            )

        readers = max(1, self._connections - _WRITERS - 1)
        return _Lanes(
            pool=pool,
            writers=tuple(writer(f"remanence-writer-{each}") for each in range(_WRITERS)),
            jobs=writer("remanence-jobs"),
            reader=ReadingLane(
                "remanence-reader", [database() for _ in range(readers)], patience=self._patience
            ),
            announcer=announcer,
            process=os.getpid(),
        )

    async def aclose(self) -> None:
        """Finish what was begun and close; closing twice does nothing."""
        await asyncio.shield(asyncio.to_thread(self._close))

    def _close(self) -> None:
        with self._switching:
            self._shut()

    def _shut(self) -> None:
        lanes, self._lanes = self._lanes, None
        if lanes is None or lanes.process != os.getpid():
            return  # after a fork the threads and the connections are the parent's
        for lane in (lanes.reader, *lanes.writers, lanes.jobs):
            lane.close()
        lanes.announcer.close()
        lanes.pool.close()

    @property
    def commits(self) -> int:
        """How many write transactions this store has made since it was opened."""
        if self._lanes is None:
            return 0
        return sum(lane.commits for lane in (*self._lanes.writers, self._lanes.jobs))

    @property
    def hears(self) -> bool | None:
        """Whether it hears of what other processes put in; ``None`` until that is known."""
        return None if self._lanes is None else self._lanes.announcer.hears

    def _open_lanes(self) -> _Lanes:
        if self._lanes is None:
            raise MemoryClosedError(f"{self.location} is not open; open it first")
        if self._lanes.process != os.getpid():
            raise MemoryClosedError(
                f"{self.location} was opened before this process was forked; open it again here"
            )
        return self._lanes

    def _listen(self, destination: str, tell: Callable[[], None]) -> Callable[[], None]:
        return self._open_lanes().announcer.listen(destination, tell)

    async def _write(
        self,
        work: Callable[..., T],
        *arguments: Any,
        holds: str | None = None,
        apart: bool = False,
    ) -> T:
        # One user's writes come one after another, in the order in which they were asked for.
        lane = self._open_lanes().writers[hash(holds) % _WRITERS]
        return await perform(lane, work, *arguments, holds=holds, apart=apart)

    async def _tend(
        self,
        work: Callable[..., T],
        *arguments: Any,
        holds: str | None = None,
        apart: bool = False,
    ) -> T:
        """Write what has to do with jobs, which waits for no user."""
        return await perform(self._open_lanes().jobs, work, *arguments, holds=holds, apart=apart)

    async def _read(
        self,
        work: Callable[..., T],
        *arguments: Any,
        holds: str | None = None,
        apart: bool = False,
    ) -> T:
        del holds, apart
        return await perform(self._open_lanes().reader, work, *arguments)

    async def _glance(
        self,
        work: Callable[..., T],
        *arguments: Any,
        holds: str | None = None,
        apart: bool = False,
    ) -> T:
        del holds, apart
        return await self._read(work, *arguments)
