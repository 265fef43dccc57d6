"""What is being delivered at the moment, so that it can be called off, or waited for."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import Future

from remanence.store.jobs import LeasedJob

__all__ = ["Flight", "Flights"]

_LOOK_SECONDS = 0.25
"""How often to look whether the event loop of a delivery still runs."""


class Flight:
    """A delivery that has begun, and has not ended.

    Attributes:
        leased: What is delivered.
    """

    def __init__(self, leased: LeasedJob) -> None:
        """Begin in the running event loop."""
        self.leased = leased
        self._over: Future[None] = Future()
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._called_off = False
        self._work: asyncio.Task[None] | None = None

    @property
    def goes_on(self) -> bool:
        """Whether it has not ended, and its event loop runs."""
        return not self._over.done() and self._loop.is_running()

    async def run(self, deliver: Callable[[], Awaitable[None]]) -> bool:
        """Deliver; return whether that came to its end, and was not called off.

        Raises:
            Exception: Whatever was raised.
        """

        async def work() -> None:
            await deliver()

        with self._lock:
            if self._called_off:
                return False
            self._work = self._loop.create_task(work())
        try:
            await self._work
        except asyncio.CancelledError:
            if not self._called_off or _is_being_cancelled():
                raise
            return False
        return True

    def call_off(self) -> None:
        """Cancel it, from any thread."""
        with self._lock:
            self._called_off = True
            work = self._work
        if work is not None:
            with contextlib.suppress(RuntimeError):  # its event loop is closed, and it with it
                self._loop.call_soon_threadsafe(work.cancel)

    def land(self) -> None:
        """Let it have ended."""
        self._over.set_result(None)

    async def ended(self) -> None:
        """Wait until it has ended, or its event loop has; from any event loop."""
        loop = asyncio.get_running_loop()
        over = asyncio.Event()

        def tell(_: Future[None]) -> None:
            with contextlib.suppress(RuntimeError):  # that event loop is closed: nobody waits
                loop.call_soon_threadsafe(over.set)

        self._over.add_done_callback(tell)
        while self.goes_on:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await over.wait()


class Flights:
    """The deliveries of one queue in this process."""

    def __init__(self) -> None:
        """There are none."""
        self._lock = threading.Lock()
        self._flights: set[Flight] = set()

    @contextlib.asynccontextmanager
    async def begun(self, leased: LeasedJob) -> AsyncGenerator[Flight]:
        """Let a delivery be known for a block."""
        flight = Flight(leased)
        with self._lock:
            self._flights.add(flight)
        try:
            yield flight
        finally:
            with self._lock:
                self._flights.discard(flight)
            flight.land()

    def of(self, user_id: str) -> list[Flight]:
        """Return what is being delivered of a user."""
        with self._lock:
            flights = list(self._flights)
        return [each for each in flights if each.leased.job.scope.user_id == user_id]


def _is_being_cancelled() -> bool:
    """Tell whether this task was asked to end, rather than what it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
