"""Hands what was said to a backend, and sees to it that nothing of it is lost.

What a backend did not take stays in the agent's state, and is tried again: with the agent's next
reply, after a pause in the background, and by whoever restores the state. A reply waits for its own
exchange, but never longer than it was told to, and no failure reaches it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import random
from collections.abc import Awaitable, Callable, Coroutine

from remanence.backends.exchange import Exchange, exchange_from_json
from remanence.backends.protocol import Backend
from remanence.errors import BackendRefusedError, InputError
from remanence.middleware.transcript import Transcript, session_of
from remanence.telemetry import Faults, count, span
from remanence.types import Scope

__all__ = ["Keeper"]

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0


@dataclasses.dataclass(slots=True)
class _Effort:
    """What is being done in one event loop to have the exchanges of one record kept."""

    loop: asyncio.AbstractEventLoop
    turn: asyncio.Lock = dataclasses.field(default_factory=asyncio.Lock)
    tasks: set[asyncio.Task[None]] = dataclasses.field(default_factory=set[asyncio.Task[None]])
    retrying: bool = False


class Keeper:
    """Keeps the exchanges of any number of agents.

    Args:
        backend: Who is to keep them.
        faults: Where failures are counted.
        await_write: Whether to wait until the backend's service has an exchange, or only until it
            is durable.
        write_timeout: How many seconds to wait at most.
        ready: Waits until the backend may be given an exchange; ``None`` if it always may.
    """

    def __init__(
        self,
        backend: Backend,
        faults: Faults,
        *,
        await_write: bool,
        write_timeout: float,
        ready: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Keep the settings; nothing is under way."""
        self._backend = backend
        self._faults = faults
        self._wait = write_timeout if await_write else 0.0
        self._timeout = write_timeout
        self._ready = ready
        self._efforts: dict[tuple[int, str], _Effort] = {}

    async def keep(self, transcript: Transcript, scope: Scope) -> None:
        """Have the record's exchanges kept; return when they are, or when that took too long.

        Each belongs to the session it was said in, whatever the agent's session is by now.

        Cancelling this cancels nobody but who waits: the exchanges are kept all the same.
        """
        # A task holds the state, so that its address is nobody else's as long as it is a key here.
        key = (id(transcript.state), transcript.key)
        loop = asyncio.get_running_loop()
        effort = self._efforts.get(key)
        if effort is None or effort.loop is not loop:  # a loop that ended took its tasks along
            effort = self._efforts[key] = _Effort(loop)
        task = self._start(key, effort, self._first(key, effort, transcript, scope))
        done, _ = await asyncio.wait({task}, timeout=self._timeout)
        if not done:
            count("timeouts", of="retain")
            self._faults.record(
                "retain in time", f"it takes longer than {self._timeout:g} s and goes on without"
            )

    def _start(
        self, key: tuple[int, str], effort: _Effort, work: Coroutine[None, None, None]
    ) -> asyncio.Task[None]:
        task = effort.loop.create_task(work)
        effort.tasks.add(task)
        task.add_done_callback(lambda _: self._finish(key, effort, task))
        return task

    def _finish(self, key: tuple[int, str], effort: _Effort, task: asyncio.Task[None]) -> None:
        effort.tasks.discard(task)
        if not effort.tasks and self._efforts.get(key) is effort:
            del self._efforts[key]

    async def _first(
        self, key: tuple[int, str], effort: _Effort, transcript: Transcript, scope: Scope
    ) -> None:
        if self._ready is not None:
            await self._ready()
        if not await self._try(effort, transcript, scope, self._wait) and not effort.retrying:
            effort.retrying = True
            self._start(key, effort, self._retry(effort, transcript, scope))

    async def _retry(self, effort: _Effort, transcript: Transcript, scope: Scope) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            await asyncio.sleep(pause * random.uniform(0.75, 1.25))  # noqa: S311 - no secret
            if await self._try(effort, transcript, scope, 0.0):
                effort.retrying = False
                return
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _try(
        self, effort: _Effort, transcript: Transcript, scope: Scope, wait: float
    ) -> bool:
        """Hand over all that waits, oldest first; tell whether nothing is left to try again."""
        async with effort.turn:
            for data in transcript.unkept:
                try:
                    exchange = exchange_from_json(data)
                except InputError as error:  # a newer version wrote the state: it stays there
                    self._faults.record("read", error)
                    continue
                where = dataclasses.replace(scope, session_id=session_of(data) or scope.session_id)
                try:
                    await self._retain(exchange, where, wait)
                except (BackendRefusedError, InputError) as error:
                    # It stays in the state for a backend that takes it, and holds up no other.
                    self._faults.record("retain", error)
                    continue
                except Exception as error:  # whatever fails, the reply goes on
                    self._faults.record("retain", error)
                    return False
                transcript.kept(data)
        return True

    async def _retain(self, exchange: Exchange, scope: Scope, wait: float) -> None:
        with span("retain", backend=self._backend.kind, messages=len(exchange.messages)):
            await self._backend.retain(exchange, scope=scope, wait=wait)
