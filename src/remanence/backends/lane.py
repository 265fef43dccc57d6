"""A thread of its own for a memory service in this process: an event loop, and a few threads more.

What such a service does for long, as reading many files, holds up nobody else's event loop. And
mem0 keeps threads of the running event loop's pool waiting for its models: if that were the pool of
the event loop that the models run in, and they needed it too (as to look up a name), all of them
would wait for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from remanence.backends.threads import DaemonThreads

__all__ = ["Lane"]

T = TypeVar("T")

_THREADS = 8
_JOIN_SECONDS = 1.0
"""How long to wait for each thread at the end; one that hangs is left behind as a daemon."""


class Lane:
    """Runs coroutines of any event loop in one of its own, until it is closed.

    Args:
        name: The beginning of its threads' names.
    """

    def __init__(self, name: str) -> None:
        """Start the event loop."""
        self._threads = DaemonThreads(_THREADS, name)
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(self._threads)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    async def run(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine here, and wait for it.

        If the caller is cancelled, or its event loop ends, the coroutine goes on all the same: what
        was begun in a thread can't be stopped, and whoever comes after it waits for it.

        Raises:
            RuntimeError: The lane was closed.
            Exception: Whatever was raised.
        """
        future = self.start(make)
        loop = asyncio.get_running_loop()
        over = asyncio.Event()

        def tell(_: Future[T]) -> None:
            with contextlib.suppress(RuntimeError):  # that event loop is closed: nobody waits
                loop.call_soon_threadsafe(over.set)

        future.add_done_callback(tell)
        await over.wait()
        return future.result()

    def start(self, make: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        """Begin a coroutine here, and return what tells of its end; from any thread."""
        future: Future[T] = Future()
        self._loop.call_soon_threadsafe(self._begin, make, future)
        return future

    def _begin(self, make: Callable[[], Coroutine[Any, Any, T]], future: Future[T]) -> None:
        task = self._loop.create_task(make())
        self._tasks.add(task)

        def tell(task: asyncio.Task[T]) -> None:
            self._tasks.discard(task)
            if task.cancelled():
                future.set_exception(RuntimeError("the lane was closed meanwhile"))
            elif (error := task.exception()) is not None:
                future.set_exception(error)
            else:
                future.set_result(task.result())

        task.add_done_callback(tell)

    def close(self, patience: float) -> None:
        """Let what was begun come to its end, for some seconds; then end it, and all threads.

        Blocks; not from the lane's own threads. Closing twice does nothing.

        Args:
            patience: Seconds.
        """
        if self._loop.is_closed():
            return
        ending = self.start(lambda: self._end(patience))
        with contextlib.suppress(TimeoutError):
            ending.result(patience + _JOIN_SECONDS)
        self._threads.end(_JOIN_SECONDS)
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_JOIN_SECONDS)
        if not self._thread.is_alive():
            self._loop.close()

    async def _end(self, patience: float) -> None:
        others = self._tasks - {asyncio.current_task()}
        if others:
            _, late = await asyncio.wait(others, timeout=patience)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=_JOIN_SECONDS)
