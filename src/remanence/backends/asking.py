"""Awaiting something on another event loop than the one that needs it.

A model belongs to the agent, and many of them keep connections of the event loop that they were
first used in. A service in this process that needs one has an event loop of its own.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from remanence.errors import BackendUnavailableError

__all__ = ["Asked"]

T = TypeVar("T")


class Asked(Generic[T]):
    """What another event loop is at.

    Args:
        loop: The event loop that is to do it.
        make: Returns the coroutine; it is called there.

    Raises:
        BackendUnavailableError: That event loop ended.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, make: Callable[[], Coroutine[Any, Any, T]]
    ) -> None:
        """Begin it."""
        self._loop = loop
        self._make = make
        self._future: Future[T] = Future()
        self._task: asyncio.Task[T] | None = None
        self._awaited: asyncio.Future[T] | None = None
        try:
            loop.call_soon_threadsafe(self._begin)
        except RuntimeError as error:
            raise BackendUnavailableError("the event loop of the agent ended") from error

    def _begin(self) -> None:
        # Not before: a coroutine that no event loop comes to would complain when it is collected.
        if self._future.set_running_or_notify_cancel():
            self._task = self._loop.create_task(self._make())
            self._task.add_done_callback(self._tell)

    def _tell(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            self._future.set_exception(BackendUnavailableError("the model was interrupted"))
        elif (error := task.exception()) is not None:
            self._future.set_exception(error)
        else:
            self._future.set_result(task.result())

    def done(self, seconds: float) -> bool:
        """Wait for a moment, and block; return whether it is over."""
        return bool(concurrent.futures.wait([self._future], seconds).done)

    async def over(self, seconds: float) -> bool:
        """Wait for a moment; return whether it is over. Always from the same event loop."""
        if self._awaited is None:
            self._awaited = asyncio.wrap_future(self._future)
        done, _ = await asyncio.wait([self._awaited], timeout=seconds)
        return bool(done)

    def result(self) -> T:
        """Return what came of it, or raise it."""
        return self._future.result() if self._awaited is None else self._awaited.result()

    def cancel(self) -> None:
        """End it; nobody asks for what comes of it any more."""
        if self._awaited is not None:
            self._awaited.cancel()
        if not self._future.cancel() and self._task is not None:
            with contextlib.suppress(RuntimeError):  # the event loop is closed, and it with it
                self._loop.call_soon_threadsafe(self._task.cancel)
