"""What a service behind a queue is to erase: written down, kept out, done, and looked at."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import time
import weakref
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import Future

from remanence.backends.flights import Flight, Flights
from remanence.backends.payload import REMEMBER
from remanence.backends.service import Erased, Forgets
from remanence.clock import Clock
from remanence.errors import (
    BackendRefusedError,
    BackendUnavailableError,
    RemanenceError,
    StoreError,
)
from remanence.outbox.settings import OutboxSettings
from remanence.store.audit import NewAudit
from remanence.store.erasing import Scrub
from remanence.store.jobs import Job, JobStore, LeasedJob
from remanence.store.orders import NewOrder, Order, OrderStore, Passage
from remanence.telemetry import Faults, count, span
from remanence.types import Check, Filter, Receipt

__all__ = ["Erasing"]

_LOOK_SECONDS = 0.02
"""How often to look whether others have come to the end of what they are at."""

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_LISTED = 1_000
_STOP_SECONDS = 2.0
"""How long an erasure that was stopped has to come to its end."""

_OUT_OF_REACH = (
    "blocks that a disk or a file system keeps of what was overwritten or cut off, its snapshots, "
    "and backups",
    "the conversation itself where an agent holds it, in its context or in a state that was saved; "
    "what it was told from here leaves it at its next turn",
    "the audit in the queue's file: the user's id, who asked, when, and numbers",
    "what a model was sent, in the logs and caches of whoever runs it",
)


@dataclasses.dataclass(frozen=True, slots=True)
class _Run:
    """An order that is being carried out."""

    loop: asyncio.AbstractEventLoop
    outcome: Future[Receipt]

    @property
    def goes_on(self) -> bool:
        return self.outcome.done() or self.loop.is_running()


class Erasing:
    """Has a service erase, and keeps from it what waited for it then.

    An order is carried out whatever happens: if whoever gave it does not wait, if the service is
    away, if the process ends. Methods may be called from any event loop.

    Args:
        orders: Where it is written down what is to be erased.
        jobs: What waits for the service.
        service: What erases, and delivers to the identity ``destination``.
        destination: The service's identity.
        clock: Where the time of records comes from.
        faults: Where it is told, as ``erasure``, that the service can't yet.
        settings: How long a delivery may take, and its lease holds.
    """

    def __init__(
        self,
        orders: OrderStore,
        jobs: JobStore,
        service: Forgets,
        *,
        destination: str,
        clock: Clock,
        faults: Faults,
        settings: OutboxSettings,
    ) -> None:
        """Nothing is erased yet."""
        self._orders = orders
        self._jobs = jobs
        self._service = service
        self._destination = destination
        self._clock = clock
        self._faults = faults
        self._settings = settings
        self._runs: dict[int, _Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._again: asyncio.Task[None] | None = None
        self._resumed_in: weakref.ref[asyncio.AbstractEventLoop] | None = None
        self._flights = Flights()

    async def erase(
        self, where: Filter, ids: tuple[str, ...] | None, asked_by: str | None
    ) -> Receipt:
        """Erase; what was begun goes on if this is cancelled.

        Raises:
            BackendRefusedError: The service never will; nothing was erased of it.
            RemanenceError: It is not all erased yet; that is tried again.
        """
        new = NewOrder(self._destination, where, ids, self._clock.now(), asked_by)
        with span("forget"):
            receipt = await self._done(await self._orders.place(new))
        count("forgotten", len(receipt.ids))
        return receipt

    async def take_up(self, user_id: str) -> None:
        """Carry out what is still to be erased of a user, before anything of it is told.

        Raises:
            RemanenceError: It is not all erased yet.
        """
        for order in await self._orders.placed(self._destination, user_id):
            await self._done(order)

    async def resume(self) -> None:
        """Begin to carry out what others have left undone, once in an event loop."""
        loop = asyncio.get_running_loop()
        if self._resumed_in is not None and self._resumed_in() is loop:
            return
        self._resumed_in = weakref.ref(loop)
        try:
            if await self._orders.placed(self._destination):
                self._try_again(0.0)
        except StoreError as error:  # a queue is of use all the same
            self._faults.record("erasure", error)
            self._try_again(_FIRST_PAUSE)

    async def deliver(self, leased: LeasedJob, deliver: Callable[[], Awaitable[None]]) -> None:
        """Deliver a job, unless it is to be erased; one that came later waits until that is done.

        Raises:
            BackendUnavailableError: It has waited for so long that it is to be tried again.
            Exception: Whatever was raised.
        """
        deadline = time.monotonic() + self._settings.deliver_seconds / 2
        while time.monotonic() < deadline:
            async with self._flights.begun(leased) as flight:
                passage = await self._passage(leased.job.id)
                if passage == "barred" or (passage == "free" and await flight.run(deliver)):
                    return
            await asyncio.sleep(_LOOK_SECONDS)
        raise BackendUnavailableError("something of this user is to be erased first")

    async def _passage(self, id_: str) -> Passage:
        try:
            return await self._orders.passage(id_)
        except StoreError as error:  # which is not the job's fault
            raise BackendUnavailableError("it is not known what is to be erased") from error

    async def _done(self, order: Order) -> Receipt:
        """Return what came of an order, which is begun unless somebody here is at it."""
        while True:
            run = self._runs.get(order.number)
            if run is None or not run.goes_on:
                run = self._begun(order)
            if await _is_over(run):
                return run.outcome.result()

    def _begun(self, order: Order) -> _Run:
        run = _Run(asyncio.get_running_loop(), Future())
        self._runs[order.number] = run
        task = run.loop.create_task(self._run(order, run))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return run

    async def _run(self, order: Order, run: _Run) -> None:
        try:
            receipt = await self._carry_out(order)
        except BaseException as error:  # whoever waits for the outcome gets it
            stopped = isinstance(error, asyncio.CancelledError)
            told = BackendUnavailableError("it was stopped; it goes on when this is used again")
            run.outcome.set_exception(told if stopped else error)
            if not isinstance(error, (asyncio.CancelledError, BackendRefusedError)):
                self._try_again(_FIRST_PAUSE)
            if not isinstance(error, Exception):
                raise
        else:
            run.outcome.set_result(receipt)
        finally:
            self._runs.pop(order.number, None)

    def _try_again(self, pause: float) -> None:
        """Carry out what is left after a pause, and again, unless somebody here will."""
        again = self._again
        if again is None or again.done() or not again.get_loop().is_running():
            self._again = asyncio.get_running_loop().create_task(self._insist(pause))

    async def _insist(self, pause: float) -> None:
        while True:
            await asyncio.sleep(pause)
            if await self._all_done():
                return
            pause = min(2 * pause or _FIRST_PAUSE, _LONGEST_PAUSE)

    async def _all_done(self) -> bool:
        """Carry out what is left; return whether that came about."""
        failed = False
        try:
            for order in await self._orders.placed(self._destination):
                try:
                    await self._done(order)
                except RemanenceError as error:
                    failed = True
                    self._faults.record("erasure", error)
        except Exception as error:  # the edge of a background task: what failed may come back
            failed = True
            self._faults.record("erasure", error)
        return not failed

    async def _carry_out(self, order: Order) -> Receipt:
        began = time.monotonic()
        try:
            erased, dropped = await self._erased(order)
        except BackendRefusedError:
            await self._orders.withdraw(order)
            raise
        left = await self._orders.jobs_left(order) if order.ids is None else 0
        scrub = await self._orders.overwrite()
        places = {name: amount for name, amount in erased.places.items() if amount}
        if dropped:
            places["queue"] = dropped
        now = self._clock.now()
        user_id = order.where.user_id
        await self._orders.fulfil(order, NewAudit(now, "forget", user_id, order.asked_by, places))
        return Receipt(
            user_id=user_id,
            at=now,
            asked_by=order.asked_by,
            episodes=erased.episodes,
            facts=len(erased.ids) - erased.episodes,
            ids=erased.ids,
            places=places,
            checks=(*erased.checks, *_checks(left, scrub)),
            out_of_reach=(*erased.out_of_reach, *_OUT_OF_REACH),
            bytes_rewritten=erased.bytes_rewritten + scrub.bytes_rewritten,
            seconds=time.monotonic() - began,
        )

    async def _erased(self, order: Order) -> tuple[Erased, int]:
        """Erase what the service has and what waits for it; return how much of that waited."""
        flights = [each for each in self._flights.of(order.where.user_id) if _is_of(order, each)]
        if order.ids is not None:
            # One whose first attempt arrived must not arrive again once that one is erased.
            await _ended([each for each in flights if each.leased.tried])
            erased = await self._service.erase(order.where, order.ids)
            return erased, await self._drop_sources(order, erased.keys)
        for flight in flights:
            flight.call_off()
        await _ended(flights)
        await self._others_ended(order)
        dropped = await self._orders.drop_jobs(order)
        return await self._service.erase(order.where, None), dropped

    async def _others_ended(self, order: Order) -> None:
        """Wait until nobody, in any process, delivers what is to be erased.

        Whoever does comes to the end of that, or of its lease: nothing of it is leased any more.
        """
        longest = self._settings.deliver_seconds + self._settings.lease_seconds
        deadline = time.monotonic() + longest
        while time.monotonic() < deadline:
            if not await self._orders.in_hands(order, now=self._clock.now()):
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def _drop_sources(self, order: Order, keys: Collection[str]) -> int:
        """Remove what waits to be delivered again, of which memories were that are erased."""
        doomed: list[str] = []
        after: str | None = None
        while keys:
            page = await self._jobs.jobs(
                destination=self._destination,
                user_id=order.where.user_id,
                states=("pending", "leased", "parked"),
                after=after,
                limit=_LISTED,
            )
            doomed += [job.id for job in page if _delivery_key(job) in keys]
            if len(page) < _LISTED:
                break
            after = page[-1].id
        return await self._orders.drop(doomed) if doomed else 0

    async def aclose(self) -> None:
        """Go on for a moment with what is being erased; the next opening takes up the rest."""
        here = asyncio.get_running_loop()
        again, self._again = self._again, None
        if again is not None and again.get_loop() is here:
            again.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await again
        self._resumed_in = None
        begun = [task for task in self._tasks if task.get_loop() is here]
        if begun:
            _, late = await asyncio.wait(begun, timeout=self._settings.drain_seconds)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=_STOP_SECONDS)


async def _is_over(run: _Run) -> bool:
    """Wait until an outcome is there, and return ``True``; ``False`` if there will be none."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()

    def tell(_: Future[Receipt]) -> None:
        with contextlib.suppress(RuntimeError):  # that event loop is closed: nobody waits
            loop.call_soon_threadsafe(over.set)

    run.outcome.add_done_callback(tell)
    while run.goes_on and not run.outcome.done():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_SECONDS if loop is not run.loop else None):
                await over.wait()
    return run.outcome.done()


async def _ended(flights: Collection[Flight]) -> None:
    for flight in flights:
        await flight.ended()


def _is_of(order: Order, flight: Flight) -> bool:
    """Return whether an order may be about a delivery; those put in later go on all the same."""
    scope, where = flight.leased.job.scope, order.where
    return where.agent_id in (None, scope.agent_id) and where.session_id in (None, scope.session_id)


def _delivery_key(job: Job) -> str:
    """Return the key under which a service keeps what a job delivers."""
    return job.key if job.kind == REMEMBER else str(json.loads(job.key)[0])


def _checks(left: int, scrub: Scrub) -> tuple[Check, ...]:
    return (
        Check("the queue has no job of it", left == 0, f"{left} jobs are there"),
        Check("freed space of the queue is overwritten", scrub.clean, scrub.told),
        Check(
            "the queue's write-ahead log is empty",
            scrub.log_empty,
            "it has 0 bytes of what was there" if scrub.log_empty else scrub.told,
        ),
    )
