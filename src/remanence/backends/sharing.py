"""The queues of this process: one for each file and store, closed by its last user."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from remanence.backends.queued import ErasingBackend
from remanence.backends.request import RecallRequest
from remanence.backends.service import Delivery, Erased, Forgets, Lookup, Service
from remanence.clock import Clock
from remanence.outbox.settings import OutboxSettings
from remanence.telemetry import Faults
from remanence.types import Filter, Recollection, Scope

__all__ = ["Queue", "Queues", "WholeService", "queues"]


class WholeService(Service, Lookup, Forgets, Protocol):
    """A service that can do all that a queue makes use of."""


class _Relay:
    """Delivers by whichever user of a queue is there, the latest first; fulfils what that one does.

    A delivery does not know which of them it came from: they store in one place, so each will do.
    """

    def __init__(self, kind: str, identity: str) -> None:
        self.kind = kind
        self.identity = identity
        self.services: list[WholeService] = []

    async def recall(self, request: RecallRequest) -> list[Recollection]:
        """Search."""
        return await self.services[-1].recall(request)

    async def deliver(self, delivery: Delivery) -> None:
        """Deliver."""
        await self.services[-1].deliver(delivery)

    async def has(self, key: str, *, scope: Scope) -> bool:
        """Look up."""
        return await self.services[-1].has(key, scope=scope)

    async def erase(self, where: Filter, ids: Sequence[str] | None) -> Erased:
        """Erase."""
        return await self.services[-1].erase(where, ids)


class Queue:
    """A queue that is shared with others.

    Attributes:
        backend: The queue; whoever uses it opens it, as often as needed.
        process: The process that has it.
    """

    def __init__(self, relay: _Relay, backend: ErasingBackend) -> None:
        """Nobody uses it yet."""
        self.backend = backend
        self.process = os.getpid()
        self._relay = relay

    def join(self, service: WholeService) -> None:
        """Let a service deliver what waits."""
        self._relay.services.append(service)

    def leave(self, service: WholeService) -> bool:
        """Let a service deliver no more, unless it is the last one; return whether it is that."""
        if len(self._relay.services) == 1:
            return True  # it delivers until the queue is closed
        self._relay.services.remove(service)
        return False


class Queues:
    """The queues of this process."""

    def __init__(self) -> None:
        """There are none yet."""
        self._lock = threading.Lock()
        self._queues: dict[tuple[Path, str], Queue] = {}
        self._faults: weakref.WeakValueDictionary[tuple[Path, str], Faults] = (
            weakref.WeakValueDictionary()
        )

    def faults(self, file: Path, identity: str, new: Faults) -> Faults:
        """Return where a queue tells what goes wrong: what is there already, or the new one."""
        with self._lock:
            return self._faults.setdefault((file, identity), new)

    def join(
        self,
        service: WholeService,
        file: Path,
        *,
        settings: OutboxSettings | None,
        clock: Clock | None,
        faults: Faults,
    ) -> Queue:
        """Return the queue of a file and a store, which the first one who asks for it makes."""
        key = (file, service.identity)
        with self._lock:
            queue = self._queues.get(key)
            if queue is None or queue.process != os.getpid():
                relay = _Relay(service.kind, service.identity)
                backend = ErasingBackend.open(
                    relay, file, settings=settings, clock=clock, faults=faults
                )
                queue = self._queues[key] = Queue(relay, backend)
            queue.join(service)
        return queue

    def leave(self, queue: Queue, service: WholeService) -> bool:
        """Leave a queue; return whether nobody else has it, so that it is to be closed."""
        with self._lock:
            last = queue.leave(service)
            if last:
                self._queues = {
                    key: each for key, each in self._queues.items() if each is not queue
                }
            return last


queues = Queues()
"""The queues of this process."""
