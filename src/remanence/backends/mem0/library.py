"""The clients that were built here: one for each store in a process, closed by its last user."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import sqlite3
import threading
import traceback
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from remanence.backends.lane import Lane
from remanence.backends.mem0.building import Plan
from remanence.backends.mem0.calling import Abort, Call, current_call
from remanence.backends.mem0.locked import put_lock
from remanence.errors import BackendUnavailableError, InputError

if TYPE_CHECKING:
    from mem0 import AsyncMemory

__all__ = ["Library", "Loan", "library"]

T = TypeVar("T")

_PATIENCE = 2.0
"""Seconds that closing leaves to what mem0 has begun."""


class Library:
    """Lends the clients of mem0 that were built in this process, one for each store."""

    def __init__(self) -> None:
        """Nothing is built yet."""
        self._lock = threading.Lock()
        self._volumes: dict[str, _Volume] = {}
        self._known: weakref.WeakValueDictionary[str, Plan] = weakref.WeakValueDictionary()

    def register(self, plan: Plan) -> None:
        """Take note of a plan, as long as somebody keeps it.

        Raises:
            InputError: There is one already for the same store with other settings.
        """
        with self._lock:
            known = self._known.setdefault(plan.identity, plan)
        if known.settings != plan.settings:
            raise InputError(
                "mem0_config",
                f"differs from that with which this process uses the same store ({plan.identity})",
                "use one configuration for a store, or another data_dir",
            )

    def borrow(self, plan: Plan) -> Loan:
        """Lend the client of a plan's store; it is built when it is first used."""
        with self._lock:
            volume = self._volumes.get(plan.identity)
            if volume is None or volume.process != os.getpid():
                if not self._volumes:
                    atexit.register(self.close)
                volume = self._volumes[plan.identity] = _Volume(plan)
            volume.users += 1
        return Loan(self, volume)

    def give_back(self, volume: _Volume) -> bool:
        """Take a client back; return whether nobody has it any more, so that it is to be closed."""
        with self._lock:
            volume.users -= 1
            last = volume.users == 0
            if last and self._volumes.get(volume.plan.identity) is volume:
                del self._volumes[volume.plan.identity]
            return last

    def close(self) -> None:
        """Close whatever is open; for the end of the interpreter."""
        with self._lock:
            volumes = list(self._volumes.values())
            self._volumes.clear()
        atexit.unregister(self.close)
        for volume in volumes:
            volume.close()


class Loan:
    """A client that is shared with others, until it is given back."""

    def __init__(self, owner: Library, volume: _Volume) -> None:
        """Keep whose it is."""
        self._library = owner
        self._volume = volume
        self._over = False

    @property
    def process(self) -> int:
        """The process that has it."""
        return self._volume.process

    async def use(
        self, call: Call, work: Callable[[AsyncMemory], Awaitable[T]], *, alone: bool
    ) -> T:
        """Do something with the client.

        Args:
            call: On whose behalf.
            work: What to do; it runs in an event loop of the client's own.
            alone: Whether nothing else may be done meanwhile that has to be done alone.

        Raises:
            BackendUnavailableError: The client can't be built now.
            Exception: Whatever was raised.
        """
        return await self._volume.use(call, work, alone=alone)

    async def give_back(self) -> None:
        """Close the client if nobody else has it; doing so twice does nothing."""
        if self._over:
            return
        self._over = True
        if self._library.give_back(self._volume):
            await _in_a_thread(self._volume.close)


class _Volume:
    """A client, the lane that it runs in, and who uses it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.users = 0
        self.process = os.getpid()
        self._starting = threading.Lock()
        self._lane: Lane | None = None
        self._closed = False
        self._memory: AsyncMemory | None = None
        self._calls: set[Call] = set()
        self._opening = asyncio.Lock()  # both are of the lane's event loop
        self._turn = asyncio.Lock()

    async def use(
        self, call: Call, work: Callable[[AsyncMemory], Awaitable[T]], *, alone: bool
    ) -> T:
        async def inside() -> T:
            current_call.set(call)
            self._calls.add(call)
            try:
                async with self._turn if alone else contextlib.nullcontext():
                    call.check()
                    return await work(await self._opened())
            except Abort as abort:
                raise abort.error from abort.error.__cause__
            finally:
                self._calls.discard(call)

        try:
            return await self._started().run(inside)
        except asyncio.CancelledError:
            call.give_up()
            raise

    def _started(self) -> Lane:
        with self._starting:
            if self._closed:
                raise BackendUnavailableError("the client of mem0 was closed")
            if self._lane is None:
                self._lane = Lane("remanence-mem0")
            return self._lane

    async def _opened(self) -> AsyncMemory:
        async with self._opening:
            if self._memory is None:
                return await asyncio.to_thread(self._build)
            return self._memory

    def _build(self) -> AsyncMemory:
        memory = _built(self.plan)
        with self._starting:
            if not self._closed:
                self._memory = memory
                return memory
        _close(memory, self.plan)  # nobody has seen it, so nobody else would
        raise BackendUnavailableError("the client of mem0 was closed")

    def close(self) -> None:
        """Close the client and end its threads; blocks for some seconds at most."""
        if self.process != os.getpid():
            return  # after a fork it is the parent's
        with self._starting:
            self._closed = True
            lane, self._lane = self._lane, None
            memory, self._memory = self._memory, None
        if lane is None:
            return
        for call in list(self._calls):
            call.give_up()
        if memory is not None:
            closing: Future[None] = lane.start(lambda: self._shut(memory))
            with contextlib.suppress(Exception):  # what can't be closed is closed with the process
                closing.result(2 * _PATIENCE)
        lane.close(_PATIENCE)

    async def _shut(self, memory: AsyncMemory) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE), self._turn:
                pass  # whoever is adding something may end that
        await asyncio.to_thread(_close, memory, self.plan)


def _built(plan: Plan) -> AsyncMemory:
    """Build a client, and make it safe to be called by several threads.

    Raises:
        BackendUnavailableError: It can't be built, now at least.
    """
    from mem0 import AsyncMemory

    history = Path(plan.config.history_db_path)
    try:
        # mem0 opens it last, and would leave the store open if that failed.
        history.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        sqlite3.connect(history).close()
        memory = AsyncMemory(plan.config)
    except (RuntimeError, OSError, sqlite3.Error) as error:
        # What was half made keeps the folder locked for as long as the error remembers it.
        traceback.clear_frames(error.__traceback__)
        raise BackendUnavailableError(_reason(error, plan)) from error
    if put_lock(memory):
        _ = memory.entity_store  # made when it is first looked at, which only one may do
    return memory


def _reason(error: Exception, plan: Plan) -> str:
    settings: Any = plan.config.vector_store.config
    path = getattr(settings, "path", None)
    if "already accessed" in str(error):
        return (
            f"mem0's store in {path} is in use by another process, or by another client in this "
            "one, and Qdrant lets only one use a folder; what is to be stored waits until that one "
            "is closed. To use a store from several processes, let mem0_config name a Qdrant server"
        )
    return f"mem0's store can't be opened: {error}"


def _close(memory: AsyncMemory, plan: Plan) -> None:
    """Close both parts of a client; mem0 itself closes only its history."""
    memory.close()
    close = getattr(getattr(memory.vector_store, "client", None), "close", None)
    if close is not None and not plan.borrowed:
        close()


async def _in_a_thread(work: Callable[[], None]) -> None:
    """Do something that blocks, in a thread that ends with it."""
    future: Future[None] = Future()

    def run() -> None:
        try:
            work()
        except BaseException as error:  # whoever waits for the future gets it
            future.set_exception(error)
        else:
            future.set_result(None)

    thread = threading.Thread(target=run, name="remanence-mem0-close", daemon=True)
    thread.start()
    await asyncio.shield(asyncio.wrap_future(future))
    thread.join()  # it is at its end


library = Library()
"""The clients of this process."""
