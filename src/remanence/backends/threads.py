"""Threads for an event loop's blocking calls that never keep the interpreter from ending."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

__all__ = ["DaemonThreads"]

P = ParamSpec("P")
T = TypeVar("T")

_Work = Callable[[], None]


class DaemonThreads(ThreadPoolExecutor):
    """Runs calls in daemon threads, started as they are needed.

    The threads of the standard library's executor are waited for when the interpreter ends, even
    if they hang. An event loop takes no other class, so this is a subclass that shares no more
    than the name.

    Args:
        most: How many threads there are at most.
        name: Their names' beginning.
    """

    def __init__(self, most: int, name: str) -> None:
        """Start nothing yet."""
        super().__init__(1)
        self._most = most
        self._name = name
        self._work: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._starting = threading.Lock()
        self._running: list[threading.Thread] = []
        self._ended = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a call in one of the threads.

        Raises:
            RuntimeError: The threads were ended.
        """
        future: Future[T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # whoever waits for the future gets it
                future.set_exception(error)
            else:
                future.set_result(result)

        with self._starting:
            if self._ended:
                raise RuntimeError("the threads were ended")
            self._work.put(work)
            if not self._idle.acquire(blocking=False) and len(self._running) < self._most:
                name = f"{self._name}-{len(self._running)}"
                thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._running.append(thread)
                thread.start()
        return future

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()
            del work  # what it holds is not needed until the next one comes
            self._idle.release()

    def shutdown(self, wait: bool = True, **_: Any) -> None:
        """End the threads as soon as they have done what was submitted."""
        self.end(None if wait else 0)

    def end(self, seconds: float | None) -> None:
        """End the threads, and wait for each of them for so many seconds, or for ever."""
        with self._starting:
            if not self._ended:
                self._ended = True
                for _ in self._running:
                    self._work.put(None)
            running = list(self._running)
        for thread in running:
            thread.join(seconds)
