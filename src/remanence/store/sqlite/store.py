"""The embedded store: one SQLite file, one writer, a few readers."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import apsw

from remanence.errors import MemoryClosedError
from remanence.store.relational.lane import ReaderLane, perform
from remanence.store.relational.store import RelationalStore
from remanence.store.sqlite.cipher import Cipher, Key
from remanence.store.sqlite.database import Database
from remanence.store.sqlite.erasures import SQLiteErasures
from remanence.store.sqlite.orders import SQLiteOrders
from remanence.store.sqlite.writer import WriterLane

__all__ = ["SQLiteStore"]

T = TypeVar("T")

_READERS = 2


@dataclasses.dataclass(slots=True)
class _Lanes:
    """The threads of an open store, and the process that opened it."""

    writer: WriterLane
    reader: ReaderLane[Database]
    glance: Database
    process: int


class SQLiteStore(RelationalStore):
    """Keeps memories in one SQLite file; fulfils :class:`remanence.store.protocol.Store`.

    Several processes may have the file open. Calls may come from any event loop.

    Args:
        path: The file; created if missing, readable by its owner only.
        busy_timeout: Seconds to wait for another process's transaction.
        key: What the file is encrypted with: a passphrase, or 32 bytes; ``None`` if it is not.

    Attributes:
        path: The file.
        location: The same, in the form ``sqlite:///`` and an absolute path.
        erasures: What is to be erased in the same file.
        orders: What services are to erase whose jobs are in the same file.
    """

    def __init__(self, path: Path, *, busy_timeout: float = 30.0, key: Key | None = None) -> None:
        """Keep the settings; nothing is opened yet."""
        super().__init__()
        self.path = path
        self.location = f"sqlite:///{path}"
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

    async def _write(
        self,
        work: Callable[..., T],
        *arguments: Any,
        holds: str | None = None,
        apart: bool = False,
    ) -> T:
        return await perform(self._open_lanes().writer, work, *arguments, apart=apart)

    async def _alone(
        self,
        work: Callable[..., T],
        *arguments: Any,
        holds: str | None = None,
        apart: bool = False,
    ) -> T:
        """Write, in transactions of its own."""
        return await perform(self._open_lanes().writer, work, *arguments, alone=True)

    async def _read(
        self,
        work: Callable[..., T],
        *arguments: Any,
        holds: str | None = None,
        apart: bool = False,
    ) -> T:
        return await perform(self._open_lanes().reader, work, *arguments)

    async def _glance(
        self,
        work: Callable[..., T],
        *arguments: Any,
        holds: str | None = None,
        apart: bool = False,
    ) -> T:
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
