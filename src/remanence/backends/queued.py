"""A memory service behind a durable queue: what is to be kept waits in a file, never in memory."""

from __future__ import annotations

import inspect
import logging
import threading
from collections.abc import Generator, Iterable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import uuid_utils

from remanence.backends.erasing import Erasing
from remanence.backends.exchange import Exchange
from remanence.backends.payload import (
    REMEMBER,
    RETAIN,
    delivery_of,
    exchange_key,
    exchange_payload,
    statements_payload,
)
from remanence.backends.request import RecallRequest
from remanence.backends.service import Forgets, Lookup, Service
from remanence.clock import Clock, check_clock
from remanence.errors import InputError, MemoryClosedError, StoreError
from remanence.location import path_of
from remanence.outbox.queue import Outbox
from remanence.outbox.settings import OutboxSettings
from remanence.store.jobs import LeasedJob
from remanence.store.sqlite import SQLiteStore
from remanence.telemetry import Faults, span
from remanence.types import Filter, Receipt, Recollection, Scope
from remanence.validation import check_identifier, check_ids

__all__ = ["ErasingBackend", "QueuedBackend"]

_log = logging.getLogger(__name__)


class QueuedBackend:
    """Keeps for a memory service what it is to be given; fulfils :class:`Backend`.

    Whatever is retained is durable in a file first, and delivered from there by a worker that
    tries again until the service has it. So a service that is away loses nothing, and neither does
    a process that ends. Make one with :meth:`open`::

        async with QueuedBackend.open(service, "outbox.db") as backend:
            middleware = MemoryMiddleware(backend, user_id="alice")

    Several processes may use one file. What still waits when they end is delivered by the next one
    that opens the file for a service of the same identity.

    Attributes:
        faults: What went wrong with deliveries, and how often.
    """

    def __init__(
        self,
        service: Service,
        store: SQLiteStore,
        *,
        settings: OutboxSettings | None,
        clock: Clock | None,
        faults: Faults | None = None,
    ) -> None:
        """Wire the parts together; nothing is opened yet. Use :meth:`open`."""
        self.faults = faults or Faults(_log)
        self._service = service
        self._store = store
        self._settings = settings
        self._clock = clock
        self._outbox: Outbox | None = None
        self._opening = threading.Lock()

    @classmethod
    def open(
        cls,
        service: Service,
        path: str | Path,
        *,
        settings: OutboxSettings | None = None,
        clock: Clock | None = None,
        faults: Faults | None = None,
    ) -> Self:
        """Return a backend to be entered with ``async with``, or opened with ``await``.

        If the service :class:`~remanence.backends.Forgets`, it is an :class:`ErasingBackend`.

        Args:
            service: What it delivers to, and searches; it stays the caller's to close.
            path: The queue's file, as a name or as ``sqlite:///`` and a name. It is created if
                missing; its folder is not.
            settings: How much may wait, how often it is tried, and when.
            clock: Where the time of records comes from; the machine's clock by default.
            faults: Where to tell what goes wrong with deliveries; one of its own by default.

        Raises:
            InputError: ``path`` names no file, or ``service`` lacks something that a
                :class:`~remanence.backends.Service` has.
            StoreError: While opening: the file can't be used; the error says why.
        """
        _check_service(service)
        file = path_of(path).expanduser().absolute()
        kind = cls
        if isinstance(service, Forgets) and not issubclass(cls, ErasingBackend):
            kind = cast("type[Self]", ErasingBackend)
        return kind(service, SQLiteStore(file), settings=settings, clock=clock, faults=faults)

    async def __aenter__(self) -> Self:
        """Open."""
        await self._open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        await self.aclose()

    def __await__(self) -> Generator[Any, None, Self]:
        """Open; close with :meth:`aclose`."""
        return self.__aenter__().__await__()

    async def _open(self) -> None:
        """Open, if that was not done; several may come at once, from any event loop."""
        if self._outbox is None:
            await self._store.open()
        try:
            with self._opening:
                if self._outbox is None:
                    self._outbox = self._made()
                self._outbox.start()  # anew, where it ended with the event loop that it ran in
        except BaseException:
            await self._store.aclose()
            raise

    def _made(self) -> Outbox:
        return Outbox(
            self._store.jobs,
            destination=self._service.identity,
            handle=self._deliver,
            settings=self._settings,
            clock=self._clock,
            faults=self.faults,
        )

    async def aclose(self) -> None:
        """Deliver for a moment what waits, and close the file; closing twice does nothing.

        What is not delivered by then stays in the file. Not closing loses nothing either.
        """
        outbox, self._outbox = self._outbox, None
        try:
            if outbox is not None:
                await outbox.aclose()
        finally:
            await self._store.aclose()

    @property
    def kind(self) -> str:
        """The service's."""
        return self._service.kind

    @property
    def identity(self) -> str:
        """The service's."""
        return self._service.identity

    async def recall(self, request: RecallRequest) -> list[Recollection]:
        """Search the service; what still waits to be delivered is not found."""
        with span("recall", backend=self.kind, limit=request.limit) as current:
            found = await self._service.recall(request)
            current.set_attribute("remanence.hits", len(found))
        return found

    async def retain(self, exchange: Exchange, *, scope: Scope, wait: float) -> bool:
        """Put an exchange into the queue, durably; then wait for its delivery.

        Where it can't be seen whether it was delivered, it counts as waiting.

        Raises:
            OutboxFullError: As much waits as was allowed; it was not put in.
            StoreError: The file can't be written; it was not put in.
            MemoryClosedError: The backend is not open.
        """
        key = exchange_key(exchange, scope)
        return await self._put(RETAIN, scope, key, exchange_payload(exchange), wait)

    async def remember(self, statements: Sequence[str], *, scope: Scope, wait: float) -> bool:
        """Put statements into the queue as one job, durably; then wait for its delivery.

        Raises:
            InputError: One of them is not a text that can be stored; none was put in.
            OutboxFullError: As for :meth:`retain`.
            StoreError: As for :meth:`retain`.
            MemoryClosedError: The backend is not open.
        """
        if not statements:
            return True
        key = str(uuid_utils.uuid7())
        return await self._put(REMEMBER, scope, key, statements_payload(statements), wait)

    async def _put(self, kind: str, scope: Scope, key: str, payload: str, wait: float) -> bool:
        outbox = self._opened()
        with span(kind, backend=self.kind):
            job = await outbox.put(kind=kind, scope=scope, key=key, payload=payload)
            if wait <= 0:
                return job.state == "done"
            try:
                return await outbox.wait(job, wait) == "done"
            except StoreError as error:  # it is in the queue all the same
                self.faults.record("wait", error)
                return False

    async def settle(self, seconds: float) -> bool:
        """Wait until nothing waits to be delivered any more; return whether that came about.

        Args:
            seconds: How long to wait at most.

        Raises:
            MemoryClosedError: The backend is not open.
        """
        return await self._opened().settle(seconds)

    def _opened(self) -> Outbox:
        if self._outbox is None:
            raise MemoryClosedError(
                "this queue is not open; use 'async with QueuedBackend.open(...) as backend', or "
                "'backend = await QueuedBackend.open(...)', and don't use it after aclose()"
            )
        return self._outbox

    async def _deliver(self, leased: LeasedJob) -> None:
        """Hand a job to the service, unless an earlier attempt arrived."""
        delivery = delivery_of(leased)
        service = self._service
        if (
            leased.tried
            and isinstance(service, Lookup)
            and await service.has(delivery.key, scope=delivery.scope)
        ):
            return
        await service.deliver(delivery)


class ErasingBackend(QueuedBackend):
    """A queue before a service that erases as well; fulfils :class:`Erases`.

    What is to be erased is written into the queue's file first, and carried out by whoever opens it
    next if this process ends. Nothing is recalled of a user of whom something is still to be
    erased, and what comes after that was asked for is delivered when it is done.

    Attributes:
        faults: What went wrong with deliveries, and as ``erasure`` with erasures.
    """

    def __init__(
        self,
        service: Service,
        store: SQLiteStore,
        *,
        settings: OutboxSettings | None,
        clock: Clock | None,
        faults: Faults | None = None,
    ) -> None:
        """Wire the parts together; nothing is opened yet. Use :meth:`open`.

        Raises:
            InputError: The service does not erase.
        """
        super().__init__(service, store, settings=settings, clock=clock, faults=faults)
        if not isinstance(service, Forgets):
            raise InputError(
                "service", "has no method 'async def erase'", "see remanence.backends.Forgets"
            )
        self._erasing = Erasing(
            store.orders,
            store.jobs,
            service,
            destination=service.identity,
            clock=check_clock(clock),
            faults=self.faults,
            settings=settings or OutboxSettings(),
        )

    async def _open(self) -> None:
        await super()._open()
        await self._erasing.resume()

    async def aclose(self) -> None:
        """Go on for a moment with what is being erased; then as for any queue."""
        await self._erasing.aclose()
        await super().aclose()

    async def recall(self, request: RecallRequest) -> list[Recollection]:
        """Search the service, once what is to be erased of the user is.

        Raises:
            RemanenceError: That can't be erased yet, or the service could not be searched.
        """
        await self.take_up(request.where.user_id)
        return await super().recall(request)

    async def take_up(self, user_id: str) -> None:
        """Carry out what is still to be erased of a user.

        Raises:
            StoreError: It is not known whether there is something.
            RemanenceError: It can't be erased yet.
        """
        self._opened()
        await self._erasing.take_up(user_id)

    async def forget(
        self,
        ids: Iterable[str] | None = None,
        *,
        scope: Scope | Filter,
        asked_by: str | None = None,
    ) -> Receipt:
        """Erase memories by their ids, or all of a session; see :class:`Erases`.

        With a session goes what waits to be delivered of it. It takes as long as a delivery of it
        by another process does, and up to the settings' ``lease_seconds`` if such a process died.
        """
        self._opened()
        where = Filter.of(scope)
        named = None if ids is None else tuple(dict.fromkeys(check_ids("ids", ids)))
        if named is None and where.session_id is None:
            raise InputError(
                "ids",
                "is missing and scope names no session",
                "give ids, name a session, or call forget_user to erase everything of a user",
            )
        return await self._forget(where, named, asked_by)

    async def forget_user(self, user_id: str, *, asked_by: str | None = None) -> Receipt:
        """Erase everything of a user, as :meth:`forget` does; see :class:`Erases`."""
        self._opened()
        return await self._forget(Filter(user_id), None, asked_by)

    async def _forget(
        self, where: Filter, ids: tuple[str, ...] | None, asked_by: str | None
    ) -> Receipt:
        if asked_by is not None:
            check_identifier("asked_by", asked_by)
        return await self._erasing.erase(where, ids, asked_by)

    async def _deliver(self, leased: LeasedJob) -> None:
        """Hand a job to the service, unless it is to be erased."""
        await self._erasing.deliver(leased, partial(super()._deliver, leased))


def _check_service(service: object) -> None:
    """Refuse what could not be delivered to.

    Raises:
        InputError: It is no service; what is missing is named.
    """
    for name in ("kind", "identity"):
        if not isinstance(getattr(service, name, None), str):
            raise InputError(
                "service", f"has no text named {name!r}", "see remanence.backends.Service"
            )
    for name in ("recall", "deliver"):
        if not inspect.iscoroutinefunction(inspect.unwrap(getattr(service, name, None))):  # pyright: ignore[reportArgumentType] - it may be anything
            raise InputError(
                "service", f"has no method 'async def {name}'", "see remanence.backends.Service"
            )
