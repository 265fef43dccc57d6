"""Threads that work off calls, and the futures by which coroutines of any event loop wait.

The threads are daemons: nothing that was promised is left to them, so exit never waits.
"""

from __future__ import annotations

import abc
import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, Generic, Protocol, TypeVar

from remanence.errors import MemoryClosedError, StoreError
from remanence.store.relational.database import Database

__all__ = ["Call", "Calls", "Connected", "Lane", "ReaderLane", "perform"]

T = TypeVar("T")


class Connected(Database, Protocol):
    """A database as a thread has it."""

    def translated(self) -> AbstractContextManager[None]:
        """Turn what goes wrong in a block into errors of ours."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


D = TypeVar("D", bound=Connected)


class Call(Generic[D, T]):
    """Something to do with a database, and the future that tells what came of it.

    Args:
        work: What to do.
        alone: Whether it manages transactions itself.
        apart: Whether its transaction is its own.
        holds: The one user whose rows it changes, if there is one.

    Attributes:
        future: What tells what came of it.
        deadline: Until when it is tried, by the monotonic clock, once it had to be put off.
    """

    __slots__ = ("alone", "apart", "deadline", "future", "holds", "work")

    def __init__(
        self,
        work: Callable[[D], T],
        *,
        alone: bool = False,
        apart: bool = False,
        holds: str | None = None,
    ) -> None:
        """Keep the work; it has not begun."""
        self.work = work
        self.alone = alone
        self.apart = apart
        self.holds = holds
        self.deadline: float | None = None
        self.future: Future[T] = Future()

    def begin(self) -> bool:
        """Return whether it is still wanted; from here on it can't be cancelled."""
        return self.future.set_running_or_notify_cancel()

    def run(self, database: D) -> None:
        """Do it, and settle the future."""
        try:
            with database.translated():
                result = self.work(database)
        except BaseException as error:  # whoever waits for the future gets it
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


Calls = queue.SimpleQueue[Call[D, Any] | None]
"""Calls to work off; ``None`` asks a thread to end."""


class Lane(abc.ABC, Generic[D]):
    """Threads, each with a connection of its own, that work off one queue.

    Args:
        name: The threads' name.
        databases: The connections; they are closed by their threads at the end.
    """

    def __init__(self, name: str, databases: Sequence[D]) -> None:
        """Start the threads."""
        self._calls: Calls[D] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._refusal: Exception | None = None
        self._threads = [
            threading.Thread(target=self._run, args=(database,), name=name, daemon=True)
            for database in databases
        ]
        for thread in self._threads:
            thread.start()

    def submit(
        self,
        work: Callable[[D], T],
        *,
        alone: bool = False,
        apart: bool = False,
        holds: str | None = None,
    ) -> Future[T]:
        """Hand in a call and return its future.

        Raises:
            MemoryClosedError: The lane was closed.
            StoreError: A thread of it ended by a fault.
        """
        call = Call(work, alone=alone, apart=apart, holds=holds)
        with self._gate:
            if self._refusal is not None:
                raise self._refusal
            self._calls.put(call)
        return call.future

    def close(self) -> None:
        """Let what was handed in finish, then end the threads and wait for them."""
        with self._gate:  # nothing comes after the requests to end
            self._refusal = self._refusal or MemoryClosedError(
                "the memory was closed meanwhile; open it again"
            )
            for _ in self._threads:
                self._calls.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self, database: D) -> None:
        try:
            self._work_off(database, self._calls)
        except BaseException as error:
            self._give_up(StoreError(f"a thread of the store ended: {error!r}; open it again"))
            raise
        finally:
            database.close()

    def _give_up(self, error: StoreError) -> None:
        """Refuse what waits and what would come: nobody is left to work it off."""
        with self._gate:
            self._refusal = error
        with contextlib.suppress(queue.Empty):
            while True:
                call = self._calls.get_nowait()
                if call is not None and call.begin():
                    call.future.set_exception(error)

    @abc.abstractmethod
    def _work_off(self, database: D, calls: Calls[D]) -> None:
        """Work off calls until ``None`` comes."""


class ReaderLane(Lane[D]):
    """Threads that read."""

    def _work_off(self, database: D, calls: Calls[D]) -> None:
        while (call := calls.get()) is not None:
            if call.begin():
                self._serve(database, call)

    def _serve(self, database: D, call: Call[D, Any]) -> None:
        call.run(database)


async def perform(
    lane: Lane[D],
    work: Callable[..., T],
    *arguments: Any,
    alone: bool = False,
    apart: bool = False,
    holds: str | None = None,
) -> T:
    """Let a thread work, and return what came of it."""
    return await asyncio.wrap_future(
        lane.submit(
            lambda database: work(database, *arguments), alone=alone, apart=apart, holds=holds
        )
    )
