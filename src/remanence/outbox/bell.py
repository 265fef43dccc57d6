"""A signal that tasks of any event loop hear, rung from any thread."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Generator

__all__ = ["Bell", "Ear"]


class Ear:
    """Hears a bell in one event loop.

    Args:
        name: What it listens for; ``None`` for whatever there is.
    """

    def __init__(self, name: str | None) -> None:
        """Nothing was heard yet."""
        self.name = name
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def told(self) -> None:
        """Hear the bell; from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._event.set)

    def clear(self) -> None:
        """Forget what was heard."""
        self._event.clear()

    async def wait(self, seconds: float) -> None:
        """Wait until the bell rings, or rang since the last :meth:`clear`; not for ever.

        Args:
            seconds: How long to wait at most.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()


class Bell:
    """Tells all who listen that something happened; they look for themselves what it was."""

    def __init__(self) -> None:
        """Nobody listens yet."""
        self._lock = threading.Lock()
        self._ears: set[Ear] = set()

    @contextlib.contextmanager
    def heard(self, name: str | None = None) -> Generator[Ear]:
        """Listen from the running event loop.

        Args:
            name: What to listen for; ``None`` for whatever there is.
        """
        ear = Ear(name)
        with self._lock:
            self._ears.add(ear)
        try:
            yield ear
        finally:
            with self._lock:
                self._ears.discard(ear)

    def ring(self, name: str | None = None) -> None:
        """Wake those who listen for ``name``, or for whatever there is."""
        with self._lock:
            ears = [ear for ear in self._ears if ear.name in (None, name)]
        for ear in ears:
            ear.told()
