"""What waits to be delivered: put in durably, and delivered by a worker that does not give up."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import os
import threading
import time
import uuid
from collections.abc import Awaitable, Callable

import uuid_utils

from remanence.clock import Clock, SystemClock
from remanence.errors import InputError, RemanenceError
from remanence.outbox.bell import Bell
from remanence.outbox.delivery import Duty
from remanence.outbox.settings import OutboxSettings
from remanence.outbox.worker import Worker
from remanence.store.jobs import Job, JobState, JobStore, LeasedJob, NewJob
from remanence.telemetry import Faults
from remanence.types import Scope
from remanence.validation import check_amount, check_identifier

__all__ = ["Outbox"]

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.25
"""How often to look what other processes have done, while somebody waits for it."""


class Outbox:
    """Delivers jobs to one destination, in their order, as soon as that can be done.

    Whatever is put in is durable, and stays until the handler has returned for it. Each job is
    handed over at least once; twice only if a process died, or lost its lease, before it could
    write down that the service has it (the job is then marked as ``tried``). Jobs of one scope are
    delivered one after another, those of several scopes at the same time. Several processes may
    have outboxes on one store.

    What the handler raises decides what becomes of a job. A
    :class:`~remanence.errors.BackendUnavailableError`, or a ``ConnectionError``, puts everything
    off for a while, and counts against no job. A :class:`~remanence.errors.BackendRefusedError` or
    :class:`~remanence.errors.InputError` parks the job. Anything else counts against it: it is
    tried again later and later, and parked after so many attempts. A handler that takes too long
    does both: everything is put off, and it counts.

    Methods may be called from any event loop; the worker runs in the one that started it.

    Args:
        store: Where jobs are kept; an open one, that stays the caller's to close.
        destination: The identity of what is delivered to; no other's jobs are touched.
        handle: Delivers a job; when it returns, the service has it.
        settings: How much may wait, how often it is tried, and when.
        clock: Where the time of records comes from; the machine's clock by default.
        faults: Where to tell what goes wrong: ``deliver`` (put off), ``park`` (set aside), and
            ``outbox`` (the store).

    Raises:
        InputError: ``destination`` can't be stored.
    """

    def __init__(
        self,
        store: JobStore,
        *,
        destination: str,
        handle: Callable[[LeasedJob], Awaitable[None]],
        settings: OutboxSettings | None = None,
        clock: Clock | None = None,
        faults: Faults | None = None,
    ) -> None:
        """Wire the parts together; nothing is delivered yet."""
        self._store = store
        self._destination = _check_text("destination", destination)
        self._handle = handle
        self._settings = settings or OutboxSettings()
        self._clock = clock or SystemClock()
        self._faults = faults or Faults(_log)
        self._work = Bell()
        self._news = Bell()
        self._switching = threading.Lock()
        self._worker: Worker | None = None
        self._unlisten: Callable[[], None] | None = None
        self._closed = False
        self._name = uuid.uuid4().hex

    def start(self) -> None:
        """Start delivering in the running event loop, unless that is being done already.

        It is started anew where it was closed, or the event loop it ran in no longer runs.
        """
        with self._switching:
            self._closed = False
            self._start_worker()

    def _go_on(self) -> None:
        """Start delivering unless that is being done, or was ended on purpose."""
        with self._switching:
            if not self._closed:
                self._start_worker()

    def _start_worker(self) -> None:
        if self._worker is not None:
            if self._worker.alive:
                return
            self._worker.replace()
        duty = Duty(
            store=self._store,
            destination=self._destination,
            # A forked child has leases of its own. A later worker here takes back those of an
            # earlier one, which ended with its event loop.
            owner=f"{os.getpid()}-{self._name}",
            handle=self._handle,
            settings=self._settings,
            clock=self._clock,
            faults=self._faults,
        )
        self._worker = Worker(duty, work=self._work, news=self._news)
        if self._unlisten is None:
            self._unlisten = self._store.listen(self._destination, self._work.ring)

    async def put(self, *, kind: str, scope: Scope, key: str, payload: str) -> Job:
        """Put a job in; it is durable when this returns, and delivered as soon as possible.

        Args:
            kind: What is to be done, in a word.
            scope: Whose; jobs of one scope are delivered in the order they were put in.
            key: What tells it apart in its destination, for its user: what is put in again under
                the same key, soon enough, is not put in twice.
            payload: What is to be done, as JSON text that names its version.

        Returns:
            The job, or the one that has the key already, whatever its state.

        Raises:
            InputError: An argument can't be stored.
            OutboxFullError: As much waits as may; it was not put in.
            StoreError: The store can't; it was not put in.
        """
        new = NewJob(
            id=str(uuid_utils.uuid7()),
            kind=check_identifier("kind", kind),
            destination=self._destination,
            scope=scope,
            key=_check_text("key", key),
            payload=_check_text("payload", payload),
            created_at=self._clock.now(),
        )
        (job,) = await self._store.enqueue([new], quota=self._settings.quota)
        self._go_on()
        self._work.ring()
        return job

    def wake(self) -> None:
        """Tell the worker that something was put in otherwise, in the same store."""
        self._go_on()
        self._work.ring()

    async def wait(self, job: Job, seconds: float) -> JobState:
        """Wait until a job is done or parked, or has failed once, whoever delivers it.

        It is not waited for what can't come in time, as when the service asked to be left alone for
        longer, or an earlier job of the scope is put off for longer.

        Args:
            job: The job.
            seconds: How long to wait at most.

        Returns:
            The job's state then; for one that is gone meanwhile, its state as given.

        Raises:
            InputError: ``seconds`` is negative, or no number.
            StoreError: The store can't be read.
        """
        deadline = time.monotonic() + check_amount("seconds", seconds)
        self._go_on()
        with self._news.heard(job.id) as ear:
            while True:
                ear.clear()
                found = await self._store.job(job.id)
                if found is None:
                    return job.state
                left = deadline - time.monotonic()
                if left <= 0 or await self._is_decided(found, left):
                    return found.state
                await ear.wait(min(left, _LOOK_SECONDS))

    async def _is_decided(self, job: Job, seconds: float) -> bool:
        """Tell whether nothing is to be expected of a job for so long."""
        if job.state in ("done", "parked") or job.error_kind is not None:
            return True
        if job.state == "leased":
            return False
        worker = self._worker
        if worker is not None and worker.pause > seconds:
            return True
        head = await self._store.lane_head(job.id)
        return head is not None and head.state == "pending" and self._until(head.due_at) > seconds

    def _until(self, time_: dt.datetime) -> float:
        return (time_ - self._clock.now()).total_seconds()

    async def settle(self, seconds: float) -> bool:
        """Wait until nothing of this destination is pending or leased; parked jobs may be.

        Args:
            seconds: How long to wait at most.

        Returns:
            Whether that came about in time.

        Raises:
            InputError: ``seconds`` is negative, or no number.
            StoreError: The store can't be read.
        """
        check_amount("seconds", seconds)
        self._go_on()
        return await self._settled(seconds, while_hopeful=None)

    async def _settled(self, seconds: float, *, while_hopeful: Worker | None) -> bool:
        deadline = time.monotonic() + seconds
        with self._news.heard() as ear:
            while True:
                ear.clear()
                due_at = await self._store.next_due(self._destination)
                if due_at is None:
                    return True
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                if while_hopeful is not None and not while_hopeful.busy:
                    next_one = max(while_hopeful.pause, self._until(due_at))
                    if next_one > left:
                        return False
                await ear.wait(min(left, _LOOK_SECONDS))

    async def aclose(self, drain: float | None = None) -> None:
        """Deliver for a moment what waits, then stop; closing twice does nothing.

        What is being delivered when that moment is over is cancelled and given back, without an
        attempt being counted. What is left stays in the store. Until :meth:`start` is called
        again, what is put in only waits there.

        Args:
            drain: For how many seconds to deliver at most; the settings' ``drain_seconds`` by
                default. Stopping takes a few seconds more at most, if something hangs.

        Raises:
            InputError: ``drain`` is negative, or no number.
        """
        seconds = self._settings.drain_seconds
        if drain is not None:
            seconds = check_amount("drain", drain)
        with self._switching:
            self._closed = True
            worker, self._worker = self._worker, None
            unlisten, self._unlisten = self._unlisten, None
            # The next worker has another name, so that this one can't give back what that one has.
            self._name = uuid.uuid4().hex
        if unlisten is not None:
            unlisten()
        if worker is None:
            return
        try:
            if worker.alive:
                async with asyncio.timeout(seconds):
                    await self._settled(seconds, while_hopeful=worker)
        except TimeoutError:
            pass  # what is left stays for the next start
        except RemanenceError as error:
            self._faults.record("outbox", error)
        finally:
            await worker.stop()


def _check_text(field: str, value: object) -> str:
    """Return ``value`` if it is a text that any store can keep.

    Raises:
        InputError: It is no string, empty, or has a NUL character or a lone surrogate in it.
    """
    if not isinstance(value, str) or not value:
        raise InputError(field, f"is {type(value).__name__} or empty", "give a non-empty string")
    try:
        encoded = value.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            field, "contains a lone surrogate, which is not a character", "remove it"
        ) from error
    if b"\0" in encoded:
        raise InputError(field, "contains a NUL character", "remove it: no store can keep it")
    return value
