"""A service in this process behind a queue that all who store in the same place share."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from remanence.backends.exchange import Exchange
from remanence.backends.folders import make_folder
from remanence.backends.queued import ErasingBackend
from remanence.backends.request import RecallRequest
from remanence.backends.sharing import Queue, WholeService, queues
from remanence.clock import Clock
from remanence.errors import MemoryClosedError, StoreError
from remanence.outbox.settings import OutboxSettings
from remanence.telemetry import Faults, span
from remanence.types import Filter, Receipt, Recollection, Scope

__all__ = ["SharedBackend"]


class SharedBackend:
    """Keeps memories in a service, and what waits for it in a file.

    It fulfils :class:`~remanence.backends.Backend`, :class:`~remanence.backends.ChecksIds`,
    :class:`~remanence.backends.CountsFaults` and :class:`~remanence.backends.Erases`; a subclass
    says which ids its service takes, whether it erases, and what is to be closed with it.

    Nothing is opened before it is used. Backends of one process that store in the same place share
    the queue, whose settings are those of the first. Close a backend with :meth:`aclose`; whoever
    does not loses nothing.

    Args:
        service: What is delivered to.
        file: Where what waits is kept. Its folder is created, for its owner only.
        field: The argument that named the folder, for errors.
        settings: How much may wait, and how it is delivered.
        clock: Where the time of records comes from; the machine's clock by default.
        faults: Where it is told what goes wrong, if nobody else has the queue yet.

    Attributes:
        kind: What the service is, in a word.
        identity: Where it stores.
        faults: What went wrong with deliveries, and how often.
    """

    def __init__(
        self,
        service: WholeService,
        file: Path,
        *,
        field: str,
        settings: OutboxSettings | None,
        clock: Clock | None,
        faults: Faults,
    ) -> None:
        """Keep the parts; nothing is opened yet."""
        self.kind = service.kind
        self.identity = service.identity
        self.faults = queues.faults(file, service.identity, faults)
        self._served = service
        self._file = file
        self._field = field
        self._settings = settings
        self._clock = clock
        self._joining = threading.Lock()
        self._queue: Queue | None = None
        self._closed = False

    def check_id(self, field: str, value: object) -> str:
        """Return ``value`` if the service keeps a user or an agent of this name apart from others.

        Raises:
            InputError: It does not.
        """
        raise NotImplementedError

    def _check_erasing(self) -> None:
        """Do nothing if the service can erase.

        Raises:
            BackendRefusedError: It can't.
        """

    async def _release(self) -> None:
        """Give back what the service holds."""
        raise NotImplementedError

    async def recall(self, request: RecallRequest) -> list[Recollection]:
        """Search; what still waits to be delivered is not found.

        Raises:
            BackendError: The service failed, or something of the user is to be erased first, which
                it can't yet.
            MemoryClosedError: The backend was closed.
        """
        try:
            queue = await self._opened()  # what an earlier process left is delivered from now on
            await queue.take_up(request.where.user_id)
        except StoreError as error:
            self.faults.record("outbox", error)
        with span("recall", backend=self.kind, limit=request.limit) as current:
            found = await self._served.recall(request)
            current.set_attribute("remanence.hits", len(found))
        return found

    async def retain(self, exchange: Exchange, *, scope: Scope, wait: float) -> bool:
        """Put an exchange into the queue, durably; then wait for its delivery.

        Raises:
            OutboxFullError: As much waits as was allowed; it was not put in.
            StoreError: The file can't be written; it was not put in.
            MemoryClosedError: The backend was closed.
        """
        queue = await self._opened()
        return await queue.retain(exchange, scope=scope, wait=wait)

    async def remember(self, statements: Sequence[str], *, scope: Scope, wait: float) -> bool:
        """Put statements into the queue as one delivery, durably; then wait for it.

        Raises:
            InputError: One of them is not a text that can be stored; none was put in.
            OutboxFullError: As for :meth:`retain`.
            StoreError: As for :meth:`retain`.
            MemoryClosedError: The backend was closed.
        """
        queue = await self._opened()
        return await queue.remember(statements, scope=scope, wait=wait)

    async def forget(
        self,
        ids: Iterable[str] | None = None,
        *,
        scope: Scope | Filter,
        asked_by: str | None = None,
    ) -> Receipt:
        """Erase memories by their ids, or all of a session, as :class:`Erases` has it.

        With a session goes what waits to be delivered of it.

        Raises:
            InputError: There are neither ids nor a session, or one of the arguments is not
                acceptable.
            BackendRefusedError: The service can't erase; nothing was erased.
            BackendError: It could not; it is tried again, and nothing is recalled of the user
                before that is done.
            StoreError: The file can't be written; nothing was erased.
            MemoryClosedError: The backend was closed.
        """
        queue = await self._erasing()
        where = Filter.of(scope)
        self.check_id("user_id", where.user_id)
        if where.agent_id is not None:
            self.check_id("agent_id", where.agent_id)
        return await queue.forget(ids, scope=where, asked_by=asked_by)

    async def forget_user(self, user_id: str, *, asked_by: str | None = None) -> Receipt:
        """Erase everything of a user, and what waits.

        Raises:
            InputError: ``user_id`` can't be one.
            BackendRefusedError: As for :meth:`forget`, and so are the others.
            BackendError: As well.
            StoreError: As well.
            MemoryClosedError: As well.
        """
        queue = await self._erasing()
        return await queue.forget_user(self.check_id("user_id", user_id), asked_by=asked_by)

    async def _erasing(self) -> ErasingBackend:
        """Return the queue, if the service can erase.

        Raises:
            BackendRefusedError: It can't.
        """
        self._check_erasing()
        return await self._opened()

    async def settle(self, seconds: float) -> bool:
        """Wait until nothing waits to be delivered any more; return whether that came about.

        Args:
            seconds: How long to wait at most.

        Raises:
            StoreError: The file can't be read.
            MemoryClosedError: The backend was closed.
        """
        queue = await self._opened()
        return await queue.settle(seconds)

    async def aclose(self) -> None:
        """Close what was opened, unless others use it; closing twice does nothing.

        The last user of a queue delivers for a moment what waits; what is left stays in the file.
        Where closing was cancelled, closing again goes on with it.
        """
        with self._joining:
            self._closed = True
            queue, self._queue = self._queue, None
        try:
            # After a fork it is the parent's.
            here = queue is not None and queue.process == os.getpid()
            if queue is not None and here and queues.leave(queue, self._served):
                await queue.backend.aclose()
        except BaseException:
            with self._joining:
                self._queue = queue
            raise
        finally:
            await self._release()

    async def _opened(self) -> ErasingBackend:
        with self._joining:
            if self._closed:
                raise MemoryClosedError("this backend was closed; make another one")
            if self._queue is None or self._queue.process != os.getpid():
                make_folder(self._field, self._file.parent)
                self._queue = queues.join(
                    self._served,
                    self._file,
                    settings=self._settings,
                    clock=self._clock,
                    faults=self.faults,
                )
            queue = self._queue.backend
        return await queue
