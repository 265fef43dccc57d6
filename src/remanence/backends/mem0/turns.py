"""Turns to use a client of the user's: one add at a time, whatever event loop it comes from."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import weakref
from collections.abc import AsyncGenerator

__all__ = ["Turns", "turns_of"]

_LOOK_SECONDS = 0.005


class Turns:
    """Lets one coroutine at a time have its turn."""

    def __init__(self) -> None:
        """It is nobody's turn."""
        self._lock = threading.Lock()
        self._holder: asyncio.AbstractEventLoop | None = None
        self._queues: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = (
            weakref.WeakKeyDictionary()
        )

    @contextlib.asynccontextmanager
    async def taken(self) -> AsyncGenerator[None]:
        """Wait for a turn, and have it."""
        loop = asyncio.get_running_loop()
        with self._lock:
            queue = self._queues.setdefault(loop, asyncio.Lock())
        async with queue:
            # Another event loop may have it, which is too rare to build a bell for.
            while not self._claimed(loop):  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_SECONDS)
            try:
                yield
            finally:
                with self._lock:
                    if self._holder is loop:
                        self._holder = None

    def _claimed(self, loop: asyncio.AbstractEventLoop) -> bool:
        with self._lock:
            # An event loop that was left in the middle of its turn never ends it.
            if self._holder is None or not self._holder.is_running():
                self._holder = loop
            return self._holder is loop


_known: weakref.WeakKeyDictionary[object, Turns] = weakref.WeakKeyDictionary()
_knowing = threading.Lock()


def turns_of(client: object) -> Turns:
    """Return the turns to use a client: always the same ones for one client.

    A client that can't be remembered without being kept gets new ones.
    """
    try:
        with _knowing:
            return _known.setdefault(client, Turns())
    except TypeError:
        return Turns()
